/** Pure: what a router with an operator's own Click in it may cost, guards and tunnel included. */
import type { Compiled } from '../../../click/compile/compile.ts'
import { mapBytesOf } from '../../../click/state.ts'

export const ownBudget = {
  /**
   * Of all programs of the router; a counter takes 15, a filter of IP 200, an ARPQuerier 2,000. What comes behind elements that move a packet's
   * beginning is written once for each place where it may begin.
   */
  instructions: 8192,
  /** Of kernel memory, for tables and state; also what handlers may make them grow to. */
  mapBytes: 16 << 20,
  /** Wall-clock time of reading and compiling it. */
  compileMs: 5000,
} as const

export interface OwnCost {
  readonly instructions: number
  readonly mapBytes: number
}

export const costOf = ({ programs, maps }: Pick<Compiled, 'programs' | 'maps'>): OwnCost => ({
  instructions: programs.reduce((sum, { program }) => sum + program.length, 0),
  mapBytes: mapBytesOf(maps),
})

/** What is beyond the budget, in words; undefined where nothing is. */
export const excessOf = ({ instructions, mapBytes }: OwnCost): string | undefined => {
  const most = ownBudget
  if (instructions > most.instructions) {
    return `it compiles to ${instructions} instructions: at most ${most.instructions}`
  }
  if (mapBytes > most.mapBytes) return `its tables take ${mapBytes} bytes of the kernel: at most ${most.mapBytes}`
  return undefined
}
