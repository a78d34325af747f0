/**
 * Proof that no mapping of a task costs less, or the mapping that does: depth first through all placements (exact-tree.ts), with the
 * exact cheapest paths of each that could pay (exact-routes.ts). The limit of what a mapping may cost rises from the floor, so that where
 * the budget ends early a bound is known all the same. (Branch and bound: Land and Doig 1960; rising limits: Korf's IDA*, 1985.)
 */
import { type Routes, routesOf } from './exact-routes.ts'
import { type Floor, type Leaf, treeOf, type Verdict } from './exact-tree.ts'
import type { Model } from './model.ts'
import { type Reach, unreached } from './reach.ts'
import type { TaskLink } from './task.ts'
import type { Work } from './work.ts'

/** A mapping, and what it costs: weight times hops, and what its hosts add. */
export interface Mapping {
  readonly hosts: Int32Array
  readonly paths: readonly (readonly number[])[]
  readonly cost: number
}

export interface Proof {
  /** Missing: none is known. */
  readonly mapping?: Mapping
  /** No mapping costs less; Infinity: there is none. */
  readonly bound: number
}

/** The first limit, in links of mean weight over the floor, and how much farther the next ones are from it. */
const [firstStep, growth] = [0.5, 1.7]

export const prove = (model: Model, reach: Reach, known: Mapping | undefined, work: Work): Proof => {
  const { task, ties } = model
  const floor = floorOf(model, reach)
  const epsilon = 1e-9 * Math.max(1, floor.sum)
  const routes = routesOf(task, reach, work, epsilon)
  const tree = treeOf(model, reach, floor, work, epsilon)
  let best = known
  let [bound, open] = [floor.sum, Number.POSITIVE_INFINITY]

  const judge = (leaf: Leaf, verdict: Verdict): void => {
    const all = linksOf(ties, leaf.order, leaf.order.length)
    const surplus = routes.surplus(leaf.hosts, all, verdict.limit - leaf.cost)
    if (Number.isNaN(surplus)) open = Math.min(open, leaf.cost)
    else if (surplus < Number.POSITIVE_INFINITY) {
      best = { hosts: leaf.hosts.slice(), paths: routes.paths.slice(), cost: leaf.cost + surplus }
      verdict.limit = best.cost
    } else verdict.keep = keptOf(routes, ties, leaf, verdict.limit)
  }

  const unit = task.links.reduce((sum, { weight }) => sum + weight, 0) / Math.max(1, task.links.length) || 1
  for (let step = firstStep * unit; ; step *= growth) {
    const most = best?.cost ?? Number.POSITIVE_INFINITY
    if (bound >= most - epsilon || open < Number.POSITIVE_INFINITY || work.isOver()) break
    const limit = Math.min(most, step > 40 * unit ? most : floor.sum + step)
    if (!tree.sweep(limit, judge)) break
    bound = Math.min(limit, best?.cost ?? limit, open)
    if (bound === Number.POSITIVE_INFINITY) break
  }
  return { ...(best && { mapping: best }), bound: Math.min(bound, best?.cost ?? bound) }
}

/** How many of the nodes in their order can stay where they are, when all of them cannot: before the first that leaves no paths that pay. */
const keptOf = (routes: Routes, ties: Model['ties'], { hosts, order, bounds }: Leaf, limit: number): number => {
  for (let count = 2; count < order.length; count++) {
    const surplus = routes.surplus(hosts, linksOf(ties, order, count), limit - (bounds[count] as number))
    if (Number.isNaN(surplus)) break
    if (surplus === Number.POSITIVE_INFINITY) return count - 1
  }
  return order.length - 1
}

/** Links between the first nodes of an order. */
const linksOf = (ties: Model['ties'], order: Int32Array, count: number): readonly number[] => {
  const links: number[] = []
  for (let i = 0; i < count; i++)
    for (const { link, other, side } of ties[order[i] as number] ?? [])
      if (side === 1 && order.indexOf(other) < count) links.push(link)
  return links
}

const floorOf = (model: Model, reach: Reach): Floor => {
  const { task, candidates } = model
  const ofNode = Float64Array.from(task.nodes, ({ prefer }, node) =>
    (candidates[node] as Int32Array).reduce(
      (least, host) => Math.min(least, prefer?.[host] ?? 0),
      Number.POSITIVE_INFINITY,
    ),
  )
  const ofLink = Uint8Array.from(task.links, (_, link) => leastHops(model, reach, link))
  const sum = task.links.reduce((total, { weight }, link) => total + weight * (ofLink[link] as number), 0)
  return { ofNode, ofLink, sum: ofNode.reduce((total, cost) => total + cost, sum) }
}

/** Fewest hops of a link, wherever its ends are. */
const leastHops = (model: Model, reach: Reach, index: number): number => {
  const { task, candidates } = model
  const { a, b } = task.links[index] as TaskLink
  if (a === b || task.perHost > 1) return 0
  if (areNeighbours(model, index)) return 1
  let least = unreached
  for (const from of candidates[a] as Int32Array) {
    const row = reach.row(index, 0, from)
    for (const to of candidates[b] as Int32Array) if (from !== to) least = Math.min(least, row[to] as number)
    if (least <= 2) break
  }
  return least === unreached ? 1 : least
}

/** Whether an arc joins hosts of its two ends that can carry it. */
const areNeighbours = ({ task, alone, candidates }: Model, index: number): boolean => {
  const { a, b } = task.links[index] as TaskLink
  const { first, arcs, head } = task.net
  const far = alone[b] as Float64Array
  for (const from of candidates[a] as Int32Array)
    for (let i = first[from] as number; i < (first[from + 1] as number); i++) {
      const to = head[arcs[i] as number] as number
      if (to !== from && Number.isFinite(far[to])) return true
    }
  return false
}
