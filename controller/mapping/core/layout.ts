/**
 * Placement by the table of distances (reach.ts): greedy from a root, then moved and swapped as long as that costs less. What
 * links of the task take from each other is left aside here; routed.ts looks at it.
 */
import { type Model, occupancyOf } from './model.ts'
import { addPulls } from './pull.ts'
import { type Reach, unreached } from './reach.ts'
import type { Work } from './work.ts'

export interface Layout {
  readonly hosts: Int32Array
  /** Less than this its paths cannot cost. */
  readonly cost: number
}

export interface Layouts {
  /**
   * The root on the host, then always the node with most pull towards what is placed, where it costs least; undefined where it fits
   * nowhere, or where all would cost as much as the limit.
   */
  readonly from: (root: number, host: number, limit: number) => Layout | undefined
  /** The same placement, improved by moves and swaps until none helps. */
  readonly improved: (layout: Layout) => Layout
}

export const layoutsOf = (model: Model, reach: Reach, work: Work): Layouts => {
  const { task, ties, alone, candidates } = model
  const occupancy = occupancyOf(model)
  const { hosts, put, lift, fits, clear } = occupancy
  const costs = new Float64Array(task.net.size)
  const towards = new Float64Array(task.nodes.length)
  const count = task.nodes.length
  const leastOfLinks =
    task.perHost === 1 ? task.links.reduce((sum, { a, b, weight }) => sum + (a === b ? 0 : weight), 0) : 0

  /** Into `costs`, for each of its candidates: what being there costs towards all that is placed. */
  const countCosts = (node: number): void => {
    const own = candidates[node] as Int32Array
    const base = alone[node] as Float64Array
    for (let i = 0; i < own.length; i++) costs[own[i] as number] = base[own[i] as number] as number
    work.add((own.length + addPulls(model, reach, hosts, node, costs)) >> 2)
  }

  const cheapest = (node: number): number => {
    countCosts(node)
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (const host of candidates[node] as Int32Array) {
      const cost = costs[host] as number
      if (cost < least && fits(node, host)) {
        least = cost
        best = host
      }
    }
    return best
  }

  const placed = (node: number, host: number): void => {
    put(node, host)
    towards[node] = -1
    for (const { other, weight } of ties[node] ?? [])
      if ((hosts[other] as number) < 0) towards[other] = (towards[other] as number) + weight
  }

  const costAt = (node: number, host: number): number => {
    let cost = (alone[node] as Float64Array)[host] as number
    for (const { link, other, side, weight } of ties[node] ?? []) {
      const from = hosts[other] as number
      if (from < 0) continue
      const hops = reach.row(link, side, from)[host] as number
      if (hops === unreached) return Number.POSITIVE_INFINITY
      cost += weight * hops
    }
    return cost
  }

  const total = (): number => {
    let cost = 0
    for (let node = 0; node < count; node++) {
      const host = hosts[node] as number
      cost += (alone[node] as Float64Array)[host] as number
      for (const { link, other, side, weight } of ties[node] ?? [])
        if (other < node) cost += weight * (reach.row(link, side, hosts[other] as number)[host] as number)
    }
    return cost
  }

  /** Moves a node to where it costs least, or swaps it with who is there; whether that helped. */
  const better = (node: number): boolean => {
    const from = hosts[node] as number
    lift(node)
    countCosts(node)
    const now = costs[from] as number
    let [least, best, bestSwap, swapGain] = [now, from, -1, 1e-9]
    for (const host of candidates[node] as Int32Array) {
      const cost = costs[host] as number
      if (cost >= least - 1e-9 || !fits(node, host)) continue
      least = cost
      best = host
    }
    for (let other = 0; other < count; other++) {
      const at = hosts[other] as number
      if (at < 0 || at === from || !((costs[at] as number) < now)) continue
      if (!Number.isFinite((alone[other] as Float64Array)[from])) continue
      const before = costAt(other, at) + now
      lift(other)
      put(node, at)
      const valid = fits(other, from)
      const gain = valid ? before - costAt(other, from) - costAt(node, at) : 0
      // The link between the two is counted in both, once at the place of before.
      lift(node)
      const validBack = valid && fits(node, at)
      put(other, at)
      if (validBack && gain > swapGain && gain > now - least) {
        swapGain = gain
        bestSwap = other
      }
    }
    if (bestSwap >= 0) {
      const at = hosts[bestSwap] as number
      lift(bestSwap)
      put(node, at)
      put(bestSwap, from)
      return true
    }
    put(node, best)
    return best !== from
  }

  const snapshot = (): Layout => ({ hosts: hosts.slice(), cost: total() })

  return {
    from: (root, host, limit) => {
      clear()
      towards.fill(0)
      placed(root, host)
      // Hosts that are all different are a hop from each other at least.
      let sum = ((alone[root] as Float64Array)[host] as number) + leastOfLinks
      for (let step = 1; step < count; step++) {
        let next = -1
        for (let node = 0; node < count; node++) {
          if ((hosts[node] as number) >= 0) continue
          if (next < 0 || (towards[node] as number) > (towards[next] as number)) next = node
        }
        const best = cheapest(next)
        if (best < 0) return undefined
        sum += costs[best] as number
        if (task.perHost === 1) sum -= towards[next] as number
        if (sum >= limit) return undefined
        placed(next, best)
      }
      return snapshot()
    },
    improved: (layout) => {
      clear()
      for (let node = 0; node < count; node++) put(node, layout.hosts[node] as number)
      let quiet = 0
      for (let node = 0; quiet < count && !work.isOver(); node = (node + 1) % count) {
        quiet = better(node) ? 0 : quiet + 1
      }
      return snapshot()
    },
  }
}
