/** An instance through the mapper, timed and judged. */
import type { Budget, Outcome, Task } from '../mapping/core/task.ts'
import type { Instance, Solutions } from './instance.ts'
import { judge, type Verdict } from './judge.ts'
import { percentile, simulate } from './simulate.ts'
import { createTaskMapper, netOf } from './task-mapper.ts'
import { treeOver } from './tree.ts'

export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export interface InstanceRun {
  readonly solutions: Solutions
  readonly verdict: Verdict
  /** Of a request, in milliseconds. */
  readonly ms: Spread
  /** The same in shortest-path trees over the whole substrate, timed in the same run; of requests meanwhile undisturbed by other processes. */
  readonly trees: Spread
  /** Requests in which other processes had the processor meanwhile. */
  readonly disturbed: number
  /** The median of one such tree. */
  readonly treeMs: number
  /** What the core counted itself, in its own trees. */
  readonly counted: Spread
  /** Share of the accepted requests whose cost is proven to be the least, and by what part they cost more than is proven, on average. */
  readonly proof: { readonly share: number; readonly gap: number }
  /** Requests that were declined though they would have fit. */
  readonly declined: number
}

export const spreadOf = (values: readonly number[]): Spread => ({
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
  max: percentile(values, 1),
})

const scaled = (values: Spread, unit: number): Spread => ({
  p50: values.p50 / unit,
  p95: values.p95 / unit,
  p99: values.p99 / unit,
  max: values.max / unit,
})

const proofOf = (gaps: readonly number[]): InstanceRun['proof'] => ({
  share: gaps.length > 0 ? gaps.filter((gap) => gap === 0).length / gaps.length : 1,
  gap: gaps.length > 0 ? gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length : 0,
})

export interface RunOptions {
  readonly solve: (task: Task, budget: Budget) => Outcome
  /** Of each request. */
  readonly budget: () => Budget
  /** Milliseconds. */
  readonly now: () => number
  /** simulate.ts */
  readonly switches: () => number
  /** How dear a mapping may be (admission/thrift.ts); without it all that fits is accepted. */
  readonly thrift?: number | undefined
}

export const runInstance = (instance: Instance, { solve, budget, now, switches, thrift }: RunOptions): InstanceRun => {
  const mapper = createTaskMapper(instance, solve, budget, thrift)
  const { net, rates: capacity } = netOf(instance)
  const tree = treeOver(net)
  // As routing protocols have them (OSPF, RFC 2328): the less a link can carry the longer it is.
  const lengths = Float64Array.from(
    { length: capacity.length >> 1 },
    (_, link) => 1 / Math.max(1, capacity[2 * link] ?? 1),
  )
  const { solutions, decisionMs, disturbed, treeMs } = simulate(instance, mapper, {
    now,
    switches,
    tree: (index) => tree(index % net.size, lengths, capacity, 0),
  })
  const unit = percentile(treeMs, 0.5)
  const ms = spreadOf(decisionMs)
  const own = decisionMs.filter((_, index) => !disturbed[index])
  return {
    solutions,
    verdict: judge(instance, solutions),
    ms,
    trees: scaled(spreadOf(own.length > 0 ? own : decisionMs), unit),
    disturbed: decisionMs.length - own.length,
    treeMs: unit,
    counted: spreadOf(mapper.work),
    proof: proofOf(mapper.gaps),
    declined: mapper.declined(),
  }
}
