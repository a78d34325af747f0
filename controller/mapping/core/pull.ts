import type { Model } from './model.ts'
import { type Reach, type Row, unreached } from './reach.ts'

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
  const links = ties[node] as Model['ties'][number]
  let steps = 0
  // Two at a time: what is read and written for each host is the most of it.
  let waiting: Row | undefined
  let weightOf = 0
  for (let i = 0; i < links.length; i++) {
    const { link, other, side, weight } = links[i] as Model['ties'][number][number]
    const from = hosts[other] as number
    if (from < 0) continue
    const row = reach.row(link, side, from)
    steps += own.length
    if (waiting) {
      addTwo(own, waiting, weightOf, row, weight, costs)
      waiting = undefined
    } else {
      waiting = row
      weightOf = weight
    }
  }
  if (waiting) addPull(own, waiting, weightOf, costs)
  return steps
}

const addTwo = (own: Int32Array, x: Row, xWeight: number, y: Row, yWeight: number, costs: Float64Array): void => {
  for (let i = 0; i < own.length; i++) {
    const host = own[i] as number
    const far = x[host] as number
    const farther = y[host] as number
    costs[host] =
      far === unreached || farther === unreached
        ? Number.POSITIVE_INFINITY
        : (costs[host] as number) + xWeight * far + yWeight * farther
  }
}

/** The same of one link. */
export const addPull = (own: Int32Array, row: Row, weight: number, costs: Float64Array): void => {
  for (let i = 0; i < own.length; i++) {
    const host = own[i] as number
    const hops = row[host] as number
    costs[host] = hops === unreached ? Number.POSITIVE_INFINITY : (costs[host] as number) + weight * hops
  }
}
