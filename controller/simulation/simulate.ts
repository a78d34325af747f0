/** Runs an instance through a mapper, each request decided when it arrives, without a look at later ones. */
import type { Instance, InstanceRequest, Solution, Solutions } from './instance.ts'
import { eventsOf } from './judge.ts'

/** Remembers what it gave: `decide` takes what it returns, `release` gives it back. */
export interface Mapper {
  readonly decide: (request: InstanceRequest, index: number) => Solution | null
  readonly release: (index: number) => void
}

export interface Run {
  readonly solutions: Solutions
  /** Milliseconds that each decision took, in the order of arrival. */
  readonly decisionMs: readonly number[]
  /** Whether the processor was taken away meanwhile, so that the time says nothing of the mapper. */
  readonly disturbed: readonly boolean[]
  /** Milliseconds that one shortest-path tree took, timed beside each decision: what else the machine does meets both. */
  readonly treeMs: readonly number[]
}

export interface Timing {
  /** Milliseconds. */
  readonly now: () => number
  /** How often the processor was taken away from this process (getrusage(2), ru_nivcsw). */
  readonly switches: () => number
  /** Computes one shortest-path tree over the whole substrate. */
  readonly tree: (index: number) => void
}

export const simulate = (instance: Instance, mapper: Mapper, { now, switches, tree }: Timing): Run => {
  const solutions: (Solution | null)[] = instance.requests.map(() => null)
  const decisionMs: number[] = []
  const disturbed: boolean[] = []
  const treeMs: number[] = []
  for (const { request: index, arrives } of eventsOf(instance.requests)) {
    if (!arrives) {
      if (solutions[index]) mapper.release(index)
      continue
    }
    const before = switches()
    const started = now()
    const solution = mapper.decide(instance.requests[index] as InstanceRequest, index)
    const decided = now()
    disturbed.push(switches() !== before)
    const planted = now()
    tree(index)
    treeMs.push(now() - planted)
    decisionMs.push(decided - started)
    solutions[index] = solution
  }
  return { solutions, decisionMs, disturbed, treeMs }
}

/** The p-th part of the values is at most this (nearest rank); NaN of none. */
export const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((x, y) => x - y)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}
