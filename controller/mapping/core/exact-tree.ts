/**
 * Depth first through all placements that can cost less than a limit. For each node that is not placed a list is kept of the hosts
 * where it can be, with what being there costs beyond the floor (host, and distances to all that is placed); together with the least
 * of each list that bounds what follows. The node with the fewest hosts is next, and the cheapest of its hosts is tried first.
 */
import { starsOf } from './exact-stars.ts'
import { equalHostsOf, equalNodesOf } from './exact-twins.ts'
import { type Model, occupancyOf } from './model.ts'
import { type Reach, unreached } from './reach.ts'
import type { Work } from './work.ts'

/** What each node and each link costs at least, wherever they are. */
export interface Floor {
  readonly sum: number
  readonly ofNode: Float64Array
  /** Hops by link. */
  readonly ofLink: Uint8Array
}

/** What is placed, when all nodes are. */
export interface Leaf {
  readonly hosts: Int32Array
  /** What it costs where every path is as short as the distance. */
  readonly cost: number
  /** Nodes in the order in which they were placed, and by their count what then bounded the cost. */
  readonly order: Int32Array
  readonly bounds: Float64Array
}

/**
 * What is to be cheaper from now on, and how many of the nodes in their order can stay where they are: fewer than are placed
 * but one where it was found that nothing can be gained so.
 */
export interface Verdict {
  limit: number
  keep: number
}

export interface Tree {
  /** Whether all was gone through, before the work was over. */
  readonly sweep: (limit: number, judge: (leaf: Leaf, verdict: Verdict) => void) => boolean
}

/** Entries of a list that count as one step of work: they are read one after the other. */
const entriesPerStep = 4

export const treeOf = (model: Model, reach: Reach, floor: Floor, work: Work, epsilon: number): Tree => {
  const { task, ties, alone, candidates } = model
  const count = task.nodes.length
  const distinct = task.perHost === 1
  const occupancy = occupancyOf(model)
  const { hosts, put, lift, fits } = occupancy
  const equalNodes = equalNodesOf(task)
  const equalHosts = equalHostsOf(model)
  const stars = starsOf(model, floor, work)
  // With what being there costs by itself. It bounds one node at a time: a link would count at both of its ends.
  for (const [node, star] of stars.entries())
    for (const host of candidates[node] as Int32Array)
      star[host] = (star[host] as number) + (task.nodes[node]?.prefer?.[host] ?? 0) - (floor.ofNode[node] as number)
  const widest = candidates.reduce((most, { length }) => Math.max(most, length), 0)
  // By depth (count of nodes placed), then by node. A list that a placement does not change stays where it is.
  const listAt = new Int32Array((count + 1) * count)
  const lengths = new Int32Array((count + 1) * count)
  const least = new Float64Array((count + 1) * count)
  const listHosts = new Int32Array((count + 1) * count * widest)
  const listCosts = new Float64Array((count + 1) * count * widest)
  /** By depth: the entries of the list of the next node, cheapest first. */
  const sorted = new Int32Array((count + 1) * widest)
  const order = new Int32Array(count)
  const bounds = new Float64Array(count + 1)
  const guests = new Uint8Array(task.net.size)
  const verdict: Verdict = { limit: 0, keep: 0 }
  const leaf = { hosts, cost: 0, order, bounds }
  let judge: (leaf: Leaf, verdict: Verdict) => void = () => {}
  let ended = false

  /** Lists of hosts where the links of a node by themselves cost less than the limit; false where there is none. */
  const begin = (): boolean => {
    for (let node = 0; node < count; node++) {
      const own = candidates[node] as Int32Array
      const star = stars[node] as Float64Array
      const prefer = task.nodes[node]?.prefer
      const base = floor.ofNode[node] as number
      const most = verdict.limit - epsilon - floor.sum
      const at = node * widest
      let [kept, low] = [0, Number.POSITIVE_INFINITY]
      for (let i = 0; i < own.length; i++) {
        const host = own[i] as number
        const cost = (prefer?.[host] ?? 0) - base
        if ((star[host] as number) >= most) continue
        listHosts[at + kept] = host
        listCosts[at + kept++] = cost
        if (cost < low) low = cost
      }
      if (kept === 0) return false
      listAt[node] = at
      lengths[node] = kept
      least[node] = low
    }
    work.add((count * widest) / entriesPerStep)
    return true
  }

  /** Lists after a node was placed on a host, from depth to depth + 1; false where a node can be nowhere. `rest` is what bounds all others. */
  const narrow = (depth: number, node: number, host: number, bound: number): boolean => {
    const [from, to] = [depth * count, (depth + 1) * count]
    listAt.copyWithin(to, from, from + count)
    lengths.copyWithin(to, from, from + count)
    least.copyWithin(to, from, from + count)
    const own = ties[node] as Model['ties'][number]
    let total = bound
    for (let t = 0; t < own.length; t++) {
      const { link, other, side, weight } = own[t] as Model['ties'][number][number]
      if ((hosts[other] as number) >= 0) continue
      const row = reach.row(link, side === 0 ? 1 : 0, host)
      const star = stars[other] as Float64Array
      const base = floor.ofLink[link] as number
      const source = listAt[to + other] as number
      const target = ((depth + 1) * count + other) * widest
      const length = lengths[to + other] as number
      const most = verdict.limit - epsilon - (total - (least[to + other] as number))
      let low = Number.POSITIVE_INFINITY
      let kept = 0
      for (let i = 0; i < length; i++) {
        const at = listHosts[source + i] as number
        const hops = row[at] as number
        if (hops === unreached || (distinct && hops === 0)) continue
        const cost = (listCosts[source + i] as number) + weight * (hops - base)
        if (cost >= most || (star[at] as number) >= most) continue
        listHosts[target + kept] = at
        listCosts[target + kept++] = cost
        if (cost < low) low = cost
      }
      work.add(1 + length / entriesPerStep)
      if (kept === 0) return false
      total += low - (least[to + other] as number)
      listAt[to + other] = target
      lengths[to + other] = kept
      least[to + other] = low
    }
    bounds[depth + 1] = total
    return true
  }

  /** The one with the fewest hosts, at the root of those the one with most links; of equal nodes always the first. */
  const nextOf = (depth: number): number => {
    let next = -1
    let fewest = Number.POSITIVE_INFINITY
    for (let node = 0; node < count; node++) {
      if ((hosts[node] as number) >= 0) continue
      const equal = equalNodes[node] as number
      if (equal >= 0 && (hosts[equal] as number) < 0) continue
      const length = lengths[depth * count + node] as number
      if (length > fewest || (length === fewest && (model.pull[node] as number) <= (model.pull[next] as number)))
        continue
      fewest = length
      next = node
    }
    return next
  }

  /** Into `sorted`: the entries of a list, cheapest first; between equals what only decides between them (model.ts). */
  const sort = (depth: number, node: number): number => {
    const list = listAt[depth * count + node] as number
    const length = lengths[depth * count + node] as number
    const ties = alone[node] as Float64Array
    const begin = depth * widest
    let moved = length
    for (let i = 0; i < length; i++) {
      const cost = listCosts[list + i] as number
      const tie = ties[listHosts[list + i] as number] as number
      let j = i
      for (; j > 0; j--) {
        const before = sorted[begin + j - 1] as number
        const other = listCosts[before] as number
        if (other < cost || (other === cost && (ties[listHosts[before] as number] as number) <= tie)) break
        sorted[begin + j] = before
      }
      sorted[begin + j] = list + i
      moved += i - j
    }
    work.add(moved / entriesPerStep)
    return length
  }

  /** Whether one with which the host can be exchanged is tried in its place: the first of those that are empty. */
  const isSpare = (host: number): boolean => {
    if ((guests[host] as number) > 0) return false
    for (let other = equalHosts[host] as number; other >= 0; other = equalHosts[other] as number)
      if ((guests[other] as number) === 0) return true
    return false
  }

  /** Returns how many of the nodes can stay where they are. */
  const descend = (depth: number): number => {
    if (depth === count) {
      leaf.cost = bounds[depth] as number
      verdict.keep = depth - 1
      judge(leaf, verdict)
      return verdict.keep
    }
    const node = nextOf(depth)
    order[depth] = node
    const equal = equalNodes[node] as number
    const length = sort(depth, node)
    const rest = (bounds[depth] as number) - (least[depth * count + node] as number)
    for (let i = 0; i < length; i++) {
      const entry = sorted[depth * widest + i] as number
      const host = listHosts[entry] as number
      const bound = rest + (listCosts[entry] as number)
      if (bound >= verdict.limit - epsilon) break
      if (equal >= 0 && host < (hosts[equal] as number)) continue
      if (!fits(node, host)) continue
      if (isSpare(host)) continue
      work.add(2)
      if (work.isOver()) ended = true
      if (ended) return -1
      put(node, host)
      guests[host] = (guests[host] as number) + 1
      bounds[depth + 1] = bound
      const keep = narrow(depth, node, host, bound) ? descend(depth + 1) : depth
      lift(node)
      guests[host] = (guests[host] as number) - 1
      if (keep < depth || ended) return keep
    }
    return depth - 1
  }

  return {
    sweep: (limit, told) => {
      verdict.limit = limit
      judge = told
      ended = false
      if (!begin()) return true
      bounds[0] = least.subarray(0, count).reduce((sum, cost) => sum + cost, floor.sum)
      descend(0)
      return !ended
    },
  }
}
