import type { Model } from './model.ts'
import { type Reach, unreached } from './reach.ts'

/**
 * Adds to `costs`, for each candidate of the node, what its links to all that is placed cost there at least: Infinity where one reaches no
 * further. Returns how many hosts were looked at, as work.
 */
export const addPulls = (
  { ties, candidates }: Model,
  reach: Reach,
  hosts: Int32Array,
  node: number,
  costs: Float64Array,
): number => {
  const own = candidates[node] as Int32Array
  let steps = 0
  for (const { link, other, side, weight } of ties[node] ?? []) {
    const from = hosts[other] as number
    if (from < 0) continue
    const row = reach.row(link, side, from)
    for (let i = 0; i < own.length; i++) {
      const host = own[i] as number
      const hops = row[host] as number
      costs[host] = hops === unreached ? Number.POSITIVE_INFINITY : (costs[host] as number) + weight * hops
    }
    steps += own.length
  }
  return steps
}
