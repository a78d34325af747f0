/** How long it took until all nodes and until all links of a slice were ready, from when it was accepted. */
import type { Reported, Timing } from '../../proto/generated/weft.v1.ts'

export interface Phases {
  /** The clock of this VNet starts. */
  begin(vnet: string): void
  /** Stops the clocks of what is ready by now; what is known so far. After a restart of the agent nothing is known. */
  note(vnet: string, report: Reported): readonly Timing[]
  /** The clock's whole time: how long a removal took. */
  end(vnet: string, name: string): readonly Timing[]
}

export const phases = (now: () => number): Phases => {
  const clocks = new Map<string, { readonly since: number; readonly seconds: Map<string, number> }>()
  const timings = (seconds: ReadonlyMap<string, number>): readonly Timing[] =>
    [...seconds].map(([name, value]) => ({ name, seconds: value }))
  const secondsSince = (since: number): number => Math.round(now() - since) / 1000

  return {
    begin: (vnet) => clocks.set(vnet, { since: now(), seconds: new Map() }),
    note: (vnet, { nodes, links }) => {
      const clock = clocks.get(vnet)
      if (!clock) return []
      for (const [name, things] of Object.entries({ nodes, links })) {
        if (things.length === 0 || clock.seconds.has(name)) continue
        if (things.every(({ state }) => state === 'OBJECT_STATE_READY'))
          clock.seconds.set(name, secondsSince(clock.since))
      }
      return timings(clock.seconds)
    },
    end: (vnet, name) => {
      const clock = clocks.get(vnet)
      clocks.delete(vnet)
      return clock ? [{ name, seconds: secondsSince(clock.since) }] : []
    },
  }
}
