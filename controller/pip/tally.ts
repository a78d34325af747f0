/** What all VNets take of a substrate, kept up as their rows change: amounts are whole numbers, so that sums stay exact. */
import type { Usage } from '../mapping/mapping.ts'
import { type FollowOptions, follow, type Rows } from './follow.ts'

export interface Tally {
  /** What all take but one; '' for none left out. */
  readonly beside: (vnet: string) => Usage
}

const amounts = ['cpuMillis', 'memoryBytes', 'diskBytes', 'rateBitsPerSecond', 'pools'] as const

type Sums = { readonly [K in (typeof amounts)[number] | 'nics']: Map<string, number> }

const count = (sums: Map<string, number>, key: string, amount: number): void => {
  const sum = (sums.get(key) ?? 0) + amount
  if (sum === 0) sums.delete(key)
  else sums.set(key, sum)
}

const add = (sums: Sums, usage: Usage, sign: 1 | -1): void => {
  for (const name of amounts) for (const [key, amount] of usage[name]) count(sums[name], key, sign * amount)
  for (const nic of usage.nics) count(sums.nics, nic, sign)
}

const emptySums = (): Sums => ({
  cpuMillis: new Map(),
  memoryBytes: new Map(),
  diskBytes: new Map(),
  rateBitsPerSecond: new Map(),
  pools: new Map(),
  nics: new Map(),
})

/** @param usageOf what the rows of one VNet take, whichever of its versions stands */
export const createTally = (rows: Rows, usageOf: FollowOptions<Usage>['make']): Tally => {
  const sums = emptySums()
  const followed = follow<Usage>(rows, { make: usageOf, count: (usage, sign) => add(sums, usage, sign) })
  return {
    beside: (vnet) => {
      followed.look()
      const own = followed.of(vnet)
      const rest: Sums = {
        cpuMillis: new Map(sums.cpuMillis),
        memoryBytes: new Map(sums.memoryBytes),
        diskBytes: new Map(sums.diskBytes),
        rateBitsPerSecond: new Map(sums.rateBitsPerSecond),
        pools: new Map(sums.pools),
        nics: new Map(sums.nics),
      }
      if (own) add(rest, own, -1)
      return { ...rest, nics: new Set(rest.nics.keys()) }
    },
  }
}
