/** What is other in a usage than in the one before: a picture of thousands of hosts is told once, and then what each decision took. Pure. */
import type { Usage } from '../mapping/mapping.ts'

const amountNames = ['cpuMillis', 'memoryBytes', 'diskBytes', 'rateBitsPerSecond', 'pools'] as const
type AmountName = (typeof amountNames)[number]

/** A usage that changes are put into. */
export type Kept = { readonly [K in AmountName]: Map<string, number> } & { readonly nics: Set<string> }

interface Amounts {
  readonly put: readonly (readonly [string, number])[]
  readonly gone: readonly string[]
}

export interface UsageChange {
  readonly amounts: Readonly<Record<AmountName, Amounts>>
  readonly nics: { readonly put: readonly string[]; readonly gone: readonly string[] }
}

export const nothingKept = (): Kept => ({
  cpuMillis: new Map(),
  memoryBytes: new Map(),
  diskBytes: new Map(),
  rateBitsPerSecond: new Map(),
  pools: new Map(),
  nics: new Set(),
})

/** From what is kept to the usage. */
export const changeOf = (kept: Kept, usage: Usage): UsageChange => {
  const amountsOf = (name: AmountName): Amounts => {
    const [before, after] = [kept[name], usage[name]]
    const put = [...after].filter(([key, amount]) => before.get(key) !== amount)
    const added = put.reduce((count, [key]) => count + (before.has(key) ? 0 : 1), 0)
    const isLess = before.size + added > after.size
    return { put, gone: isLess ? [...before.keys()].filter((key) => !after.has(key)) : [] }
  }
  return {
    amounts: {
      cpuMillis: amountsOf('cpuMillis'),
      memoryBytes: amountsOf('memoryBytes'),
      diskBytes: amountsOf('diskBytes'),
      rateBitsPerSecond: amountsOf('rateBitsPerSecond'),
      pools: amountsOf('pools'),
    },
    nics: {
      put: [...usage.nics].filter((nic) => !kept.nics.has(nic)),
      gone: [...kept.nics].filter((nic) => !usage.nics.has(nic)),
    },
  }
}

export const putChange = (kept: Kept, { amounts, nics }: UsageChange): void => {
  for (const name of amountNames) {
    for (const key of amounts[name].gone) kept[name].delete(key)
    for (const [key, amount] of amounts[name].put) kept[name].set(key, amount)
  }
  for (const nic of nics.gone) kept.nics.delete(nic)
  for (const nic of nics.put) kept.nics.add(nic)
}
