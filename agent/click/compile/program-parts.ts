/** What the writing of a program goes by. */
import type { Program } from '../../ebpf/asm/asm.ts'
import type { ProgramPlace } from './element.ts'
import type { Hook, Packet } from './packet.ts'
import type { Level } from './segments.ts'

/** Where code is written: in which function, whether for a copy, and how often its packet has come round at least. */
export interface Context {
  readonly function: 'first' | 'segment' | 'outlined'
  readonly copy: boolean
  readonly pass: number
  /** Of an outlined function: how it ends, by what it returns. */
  readonly exits?: Exit[]
}

/** Where a packet goes from an outlined function: by an output port, or nowhere. */
export interface Exit {
  readonly label: string
  readonly port: number | undefined
  readonly packet: Packet
}

export interface Outlined {
  readonly label: string
  readonly exits: readonly Exit[]
  readonly program: Program
}

export interface Task {
  readonly label: string
  readonly context: Context
  readonly write: () => Program
}

export interface ProgramRoot extends ProgramPlace {
  readonly node: number
  readonly hook: Hook
  readonly level: Level
  /** Whether packets come here too that this router has sent to the host. */
  readonly receivesForHost: boolean
  /** The slot where packets and copies count that were given up. */
  readonly lostSlot: number
}

export interface ProgramResult {
  readonly program: Program
  readonly usesSegments: boolean
  readonly usesSaves: boolean
}
