/** What a command has to work with: where it reads and writes, whom it asks. */

import type { Command, FlagValues } from './command.ts'
import type { globalFlags } from './flags.ts'

export interface Output {
  write(text: string | Uint8Array): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  /** Told when the terminal has another size. */
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
  /** Told when what `write` answered false to is taken. */
  once?(event: 'drain', listener: () => void): unknown
}

export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean | undefined
  /** Whether each key is passed on as it is, Ctrl-C included. */
  setRawMode?(raw: boolean): unknown
}

/** A lab that runs on this machine, as far as its sockets go. */
export interface LabPlace {
  readonly name: string
  /** By role: vno, vnp, pip. */
  readonly sockets: Readonly<Record<string, string>>
  /** Of the agents, by host. */
  readonly agents: Readonly<Record<string, string>>
}

export interface Surroundings {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Ends what would otherwise go on until Ctrl-C. */
  readonly signal?: AbortSignal
  /** Labs that run here; empty or missing where none does. */
  readonly labs?: () => Promise<readonly LabPlace[]>
}

export interface Context extends Surroundings {
  readonly globals: FlagValues<typeof globalFlags>
  /** All that `weft` knows, for help and completion. */
  readonly commands: readonly Command[]
  /** Whether stdout and stderr take colours: a terminal, and no NO_COLOR in the environment (https://no-color.org). */
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean }
  /** A line on stderr, only with -v. */
  verbose(text: string): void
}
