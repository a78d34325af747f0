/** How long the hosts took for a version: until all its nodes, and all its links, were ready. */
import type { Timing, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Clock } from '../roles/clock.ts'

export interface Progress {
  /** A version was told to the hosts now. */
  start(vnet: string, generation: number): void
  /** What was measured of the state's version up to now; nothing for a version that was started before a restart. */
  observe(state: VNetState): readonly Timing[]
  forget(vnet: string): void
}

interface Measured {
  readonly generation: number
  readonly startedMs: number
  nodesSeconds?: number
  linksSeconds?: number
}

export const createProgress = (clock: Clock): Progress => {
  const measured = new Map<string, Measured>()
  return {
    start: (vnet, generation) => {
      measured.set(vnet, { generation, startedMs: clock.now() })
    },
    observe: (state) => {
      const one = measured.get(state.vnet)
      if (one?.generation !== state.generation) return []
      const seconds = (clock.now() - one.startedMs) / 1000
      if (state.nodes.every((node) => node.state === 'OBJECT_STATE_READY')) one.nodesSeconds ??= seconds
      if (state.links.every((link) => link.state === 'OBJECT_STATE_READY')) one.linksSeconds ??= seconds
      return [
        ...(one.nodesSeconds === undefined ? [] : [{ name: 'nodes', seconds: one.nodesSeconds }]),
        ...(one.linksSeconds === undefined ? [] : [{ name: 'links', seconds: one.linksSeconds }]),
      ]
    },
    forget: (vnet) => {
      measured.delete(vnet)
    },
  }
}
