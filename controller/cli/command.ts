/**
 * What a command of `weft` is: a declaration that is cheap to load (help, completion and the documentation are made of it), and a
 * module with its work that is loaded only when the command runs.
 */
import type { Context } from './context.ts'

export interface Flag {
  /** One letter. */
  readonly short?: string
  /** What its value is called in the help; a flag without one is on or off. */
  readonly value?: string
  readonly text: string
  /** As it would be typed. */
  readonly default?: string
  readonly choices?: readonly string[]
  readonly required?: true
  /** May be given several times; in its environment variable the values are separated by spaces. */
  readonly repeated?: true
  /** Only on the command line, not in the environment. */
  readonly typed?: true
  /** Reads the value; throws an Error that says what would be right. */
  readonly parse?: (text: string) => unknown
}

/** By the flag's long name, in the order of the help. */
export type Flags = Readonly<Record<string, Flag>>

type Read<F> = F extends { parse: (text: string) => infer T }
  ? T
  : F extends { choices: readonly (infer C)[] }
    ? C
    : string

type FlagValue<F> = F extends { value: string }
  ? F extends { repeated: true }
    ? readonly Read<F>[]
    : F extends { required: true } | { default: string }
      ? Read<F>
      : Read<F> | undefined
  : boolean

export type FlagValues<F extends Flags> = { readonly [K in keyof F]: FlagValue<F[K]> }

export interface Argument {
  /** As the help shows it, for instance VNET. */
  readonly name: string
  readonly text: string
  readonly optional?: true
  /** Takes everything after `--`. */
  readonly rest?: true
  /** What completion offers. */
  readonly choices?: readonly string[]
}

export interface Input<F extends Flags = Flags> {
  readonly flags: FlagValues<F>
  /** In the order of the declaration; without those that were not given. */
  readonly args: readonly string[]
  /** What stood after `--`. */
  readonly rest: readonly string[]
}

/** Gives the exit status. */
export type Run<F extends Flags = Flags> = (context: Context, input: Input<F>) => Promise<number>

export interface Command {
  /** One word or two: "get", "lab up". */
  readonly name: string
  readonly group: Group
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** Paragraphs for the command's own help. */
  readonly details?: string
  readonly arguments: readonly Argument[]
  readonly flags: Flags
  /** What is typed, and what it does. */
  readonly examples: readonly (readonly [line: string, text: string])[]
  /** Exit status where weft itself fails; 1 without it. */
  readonly failureStatus?: number
  readonly load: () => Promise<{ readonly run: Run }>
}

export const groups = ['VNets', 'Nodes', 'Hosts', 'Roles', 'Lab', 'Click', 'Other'] as const

export type Group = (typeof groups)[number]

interface Declaration<F extends Flags> {
  readonly name: string
  readonly group: Group
  readonly summary: string
  readonly details?: string
  readonly arguments?: readonly Argument[]
  readonly flags?: F
  readonly examples?: Command['examples']
  readonly failureStatus?: number
  readonly load: () => Promise<{ readonly run: Run<F> }>
}

/** Holds a declaration and the work behind it together: `run` takes the flags that were declared, with their types. */
// biome-ignore lint/complexity/noBannedTypes: a command without flags of its own
export const defineCommand = <const F extends Flags = {}>(declaration: Declaration<F>): Command => ({
  arguments: [],
  examples: [],
  ...declaration,
  flags: declaration.flags ?? {},
  load: declaration.load as unknown as Command['load'],
})

/** Every flag but --help has an environment variable: --run-dir is WEFT_RUN_DIR. */
export const environmentName = (flag: string): string => `WEFT_${flag.toUpperCase().replaceAll('-', '_')}`
