import type { Usage } from '../mapping/mapping.ts'

/** What is left of a usage without a part of it; never less than nothing. */
export const usageWithout = (usage: Usage, part: Usage): Usage => {
  const less = (all: ReadonlyMap<string, number>, own: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
    new Map([...all].map(([key, amount]) => [key, Math.max(0, amount - (own.get(key) ?? 0))]))
  return {
    cpuMillis: less(usage.cpuMillis, part.cpuMillis),
    memoryBytes: less(usage.memoryBytes, part.memoryBytes),
    diskBytes: less(usage.diskBytes, part.diskBytes),
    nics: new Set([...usage.nics].filter((nic) => !part.nics.has(nic))),
    rateBitsPerSecond: less(usage.rateBitsPerSecond, part.rateBitsPerSecond),
    pools: less(usage.pools, part.pools),
  }
}
