/** The path with tables of 1 to 900,000 routes: compiled from Click, by hand in C over the same memory, and with the kernel's LPM_TRIE. */
import { openContest, redirected, type Writing } from './contenders.ts'
import { makeFrame } from './frames.ts'
import { hotDestinations, type TimingOptions } from './path.ts'
import { makeDestinations, makeRoutes } from './routes.ts'
import { type Comparison, compareTimes, timeRounds } from './timing.ts'

export const routeCounts = [1, 100, 1000, 10_000, 100_000, 900_000] as const

/** Of destinations: a few that stay in the processor's caches, or so many that each comes once in a million packets. */
export type Traffic = 'hot' | 'random'
export const randomDestinations = 1 << 20

export interface LookupResult {
  readonly routes: number
  readonly traffic: Traffic
  readonly weftNs: number
  readonly floorNs: number
  /** undefined: there is no clang. */
  readonly toC: Comparison | undefined
  readonly toTrie: Comparison | undefined
  /** From text to a table that programs read. */
  readonly loadSeconds: number
}

export interface LookupOptions extends TimingOptions {
  readonly of: readonly Writing[]
  readonly counts?: readonly number[]
  readonly onProgress?: (what: string) => void
}

export const compareLookups = async (options: LookupOptions): Promise<readonly LookupResult[]> => {
  const { of, rounds, runs, counts = routeCounts, onProgress } = options
  const results: LookupResult[] = []
  for (const count of counts) {
    onProgress?.(`${count} routes`)
    const routes = makeRoutes(count, 2)
    for (const traffic of ['hot', 'random'] as const) {
      const destinations = makeDestinations(routes, traffic === 'hot' ? hotDestinations : randomDestinations)
      const contest = await openContest({ hook: 'tc', routes, destinations, frameBytes: 64, of })
      try {
        const frame = makeFrame({ bytes: 64, destination: 0 })
        const names = ['floor', 'weft', ...of]
        // All destinations are met in the rounds together.
        const times = timeRounds(contest.pick(names), { frame, expected: redirected.tc, rounds, runs })
        const { weft = [], floor = [], c, trie } = times
        results.push({
          routes: count,
          traffic,
          weftNs: compareTimes(weft, weft, floor).ns,
          floorNs: compareTimes(weft, weft, floor).floorNs,
          toC: c && compareTimes(weft, c, floor),
          toTrie: trie && compareTimes(weft, trie, floor),
          loadSeconds: contest.loadSeconds,
        })
      } finally {
        contest.close()
      }
    }
  }
  return results
}
