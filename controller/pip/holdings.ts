/**
 * What VNets hold of the substrate, as sums that can be stored: of two versions of one VNet, either of which may stand on the
 * hosts, the greater; of different VNets the sum.
 */
import type { Usage } from '../mapping/mapping.ts'

export const nothingUsed: Usage = {
  cpuMillis: new Map(),
  memoryBytes: new Map(),
  diskBytes: new Map(),
  nics: new Set(),
  rateBitsPerSecond: new Map(),
  pools: new Map(),
}

type Amounts = ReadonlyMap<string, number>

const join = (all: readonly Amounts[], of: (a: number, b: number) => number): Amounts => {
  const joined = new Map<string, number>()
  for (const amounts of all) {
    for (const [key, amount] of amounts) joined.set(key, of(joined.get(key) ?? 0, amount))
  }
  return joined
}

const joinUsages = (usages: readonly Usage[], of: (a: number, b: number) => number): Usage => ({
  cpuMillis: join(
    usages.map((usage) => usage.cpuMillis),
    of,
  ),
  memoryBytes: join(
    usages.map((usage) => usage.memoryBytes),
    of,
  ),
  diskBytes: join(
    usages.map((usage) => usage.diskBytes),
    of,
  ),
  nics: new Set(usages.flatMap((usage) => [...usage.nics])),
  rateBitsPerSecond: join(
    usages.map((usage) => usage.rateBitsPerSecond),
    of,
  ),
  pools: join(
    usages.map((usage) => usage.pools),
    of,
  ),
})

/** What suffices for whichever of them stands. */
export const greatestUsage = (usages: readonly Usage[]): Usage => joinUsages(usages, Math.max)

/** What all of them take together. */
export const totalUsage = (usages: readonly Usage[]): Usage => joinUsages(usages, (a, b) => a + b)

export interface UsageJson {
  readonly cpuMillis: Readonly<Record<string, number>>
  readonly memoryBytes: Readonly<Record<string, number>>
  readonly diskBytes: Readonly<Record<string, number>>
  readonly nics: readonly string[]
  readonly rateBitsPerSecond: Readonly<Record<string, number>>
  readonly pools?: Readonly<Record<string, number>>
}

export const usageToJson = (usage: Usage): UsageJson => ({
  cpuMillis: Object.fromEntries(usage.cpuMillis),
  memoryBytes: Object.fromEntries(usage.memoryBytes),
  diskBytes: Object.fromEntries(usage.diskBytes),
  nics: [...usage.nics],
  rateBitsPerSecond: Object.fromEntries(usage.rateBitsPerSecond),
  pools: Object.fromEntries(usage.pools),
})

export const usageFromJson = (json: UsageJson): Usage => ({
  cpuMillis: new Map(Object.entries(json.cpuMillis)),
  memoryBytes: new Map(Object.entries(json.memoryBytes)),
  diskBytes: new Map(Object.entries(json.diskBytes)),
  nics: new Set(json.nics),
  rateBitsPerSecond: new Map(Object.entries(json.rateBitsPerSecond)),
  pools: new Map(Object.entries(json.pools ?? {})),
})
