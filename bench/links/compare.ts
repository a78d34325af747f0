/** One link on a host that has many against one on a host that has none, in turns. */
import { median, medianRatio } from '../statistics.ts'
import type { Cost, LinkHost } from './host.ts'
import { heapBytes } from './memory.ts'

interface Pair {
  readonly empty: Cost
  readonly full: Cost
}

export interface AtLinks {
  /** Links that the full host has. */
  readonly links: number
  /** Medians of the pairs. */
  readonly empty: Cost
  readonly full: Cost
  /** Medians of the pairs' ratios, full to empty. */
  readonly ratio: number
  readonly cpuRatio: number
}

export interface LinksComparison {
  /** Of the host that has none, once all is loaded and compiled. */
  readonly at: readonly AtLinks[]
  /** Seconds for all links together. */
  readonly fillSeconds: number
  /** For each link. */
  readonly kernelBytes: number
  readonly heapBytes: number
}

/** Of the numbers asked for those that are looked at. */
export const stagesOf = (links: number): readonly number[] => [
  ...[10, 100, 300, 1000, 3000].filter((stage) => stage < links),
  links,
]

const middle = (pairs: readonly Pair[], side: keyof Pair): Cost => ({
  seconds: median(pairs.map((pair) => pair[side].seconds)),
  cpuSeconds: median(pairs.map((pair) => pair[side].cpuSeconds)),
})

/** A cost of each; the one goes before the other in turns. */
const onePair = async (empty: LinkHost, full: LinkHost, isTurned: boolean): Promise<Pair> => {
  const costs = new Map<LinkHost, Cost>()
  for (const host of isTurned ? [full, empty] : [empty, full]) {
    costs.set(host, await host.add())
    await host.remove()
  }
  const cost = (host: LinkHost): Cost => costs.get(host) ?? { seconds: Number.NaN, cpuSeconds: Number.NaN }
  return { empty: cost(empty), full: cost(full) }
}

/** Opens two hosts, and closes them in any case. `tell` is for people who wait. */
export const compareLinks = async (
  open: () => Promise<LinkHost>,
  { links, pairs }: { readonly links: number; readonly pairs: number },
  tell: (what: string) => void,
): Promise<LinksComparison> => {
  const hosts: LinkHost[] = []
  try {
    for (const _ of ['empty', 'full']) hosts.push(await open())
    const [empty, full] = hosts
    if (!empty || !full) throw new Error('no hosts')
    // What is done for the first time is loaded and compiled.
    for (const turned of [false, true, false]) await onePair(empty, full, turned)
    const heapBefore = heapBytes()
    const kernelBefore = full.kernelBytes()
    const at: AtLinks[] = []
    let fillSeconds = 0
    let there = 0
    for (const stage of stagesOf(links)) {
      fillSeconds += await full.fill(there, stage)
      there = stage
      const measured: Pair[] = []
      for (let pair = 0; pair < pairs; pair++) measured.push(await onePair(empty, full, pair % 2 === 1))
      at.push({
        links: stage,
        empty: middle(measured, 'empty'),
        full: middle(measured, 'full'),
        ratio: medianRatio(
          measured,
          (pair) => pair.full.seconds,
          (pair) => pair.empty.seconds,
        ),
        cpuRatio: medianRatio(
          measured,
          (pair) => pair.full.cpuSeconds,
          (pair) => pair.empty.cpuSeconds,
        ),
      })
      tell(`${stage} links: ${at.at(-1)?.ratio.toFixed(2)} x`)
    }
    return {
      at,
      fillSeconds,
      kernelBytes: (full.kernelBytes() - kernelBefore) / links,
      heapBytes: (heapBytes() - heapBefore) / links,
    }
  } finally {
    for (const host of hosts) await host.close()
  }
}
