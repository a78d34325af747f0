/** Pure: what a router with an operator's own Click in it may cost, guards and tunnel included. */
import type { Graph } from '../../../../click/graph.ts'
import type { Compiled } from '../../../click/compile/compile.ts'
import { mapBytesOf } from '../../../click/state.ts'
import { copiesOf } from './copies.ts'

export const ownBudget = {
  /**
   * Of all programs of the router; a counter takes 17, a filter of IP 800 and 50 more for each rule, an ARPQuerier 2,600. What comes behind elements that move a packet's
   * beginning is written once for each place where it may begin.
   */
  instructions: 8192,
  /** Of kernel memory, for tables and state; also what handlers may make them grow to. */
  mapBytes: 16 << 20,
  /** Packets that one may become. */
  copies: 64,
  /** Wall-clock time of reading and compiling it. */
  compileMs: 5000,
} as const

export interface OwnCost {
  readonly copies: number
  readonly instructions: number
  readonly mapBytes: number
}

export const costOf = (graph: Graph, { programs, maps }: Pick<Compiled, 'programs' | 'maps'>): OwnCost => ({
  copies: copiesOf(graph),
  instructions: programs.reduce((sum, { program }) => sum + program.length, 0),
  mapBytes: mapBytesOf(maps),
})

/** What is beyond the budget, in words; undefined where nothing is. */
export const excessOf = ({ copies, instructions, mapBytes }: OwnCost): string | undefined => {
  const most = ownBudget
  if (copies > most.copies) {
    const many = Number.isFinite(copies)
      ? `${copies} of it`
      : 'any number of it: its copies come back to where they are made'
    return `a packet can become ${many}: at most ${most.copies}`
  }
  if (instructions > most.instructions) {
    return `it compiles to ${instructions} instructions: at most ${most.instructions}`
  }
  if (mapBytes > most.mapBytes) return `its tables take ${mapBytes} bytes of the kernel: at most ${most.mapBytes}`
  return undefined
}
