/**
 * The search for the cheapest mapping of a task: layouts from many roots by the distances of hosts (layout.ts), the best of them
 * with paths (routed.ts); for small ones the proof that nothing costs less, or what does (exact.ts); and then again and again some linked
 * nodes taken out and put back where they cost least, until the budget ends or nothing can cost less. (P. Shaw's large neighbourhood search, 1998.)
 */
import { type Mapping, type Proof, prove } from './exact.ts'
import { type Layout, type Layouts, layoutsOf } from './layout.ts'
import { isScarce, type Model, modelOf } from './model.ts'
import { randomFrom } from './random.ts'
import { type Reach, reachOf } from './reach.ts'
import { type Routed, routedOf, type Snapshot } from './routed.ts'
import { ruinOf } from './ruin.ts'
import type { Budget, Outcome, Task } from './task.ts'
import { type Work, workOf } from './work.ts'

/** What suffices for requests of ten nodes on a hundred hosts. */
export const defaultTrees = 185
/** On a large substrate a tree takes long, and most of it is far from where a request goes. */
const [largeSize, largeTrees] = [1000, 40]
export const defaultTreesOf = (size: number): number => (size > largeSize ? largeTrees : defaultTrees)

/**
 * Shares of the budget after which no more layouts are made, none is improved, none gets paths, and no proof is sought (exact.ts); the
 * rest is to refine. Of small requests the proof finds more than layouts do.
 */
interface Shares {
  readonly layouts: number
  readonly improve: number
  readonly route: number
  readonly prove: number
}
const provingShares: Shares = { layouts: 0.08, improve: 0.1, route: 0.12, prove: 0.8 }
const searchingShares: Shares = { layouts: 0.4, improve: 0.45, route: 0.5, prove: 0 }
/** Most nodes of a request that a proof is sought for. */
const mostProvable = 12
/**
 * Where something is scarce, what it is priced at (model.ts) is worth more than the proof, which leaves that aside. Paths that are kept from
 * before may be longer than they need be: that no mapping costs less cannot be told then.
 */
const sharesOf = (task: Task): Shares =>
  task.net.size <= largeSize &&
  task.nodes.length <= mostProvable &&
  !isScarce(task) &&
  task.links.every(({ before }) => !before)
    ? provingShares
    : searchingShares

/** So many of the cheapest layouts are improved, and so many of those become mappings. */
const [improvedLayouts, routedLayouts] = [8, 4]
/** In how many hops of a link of mean weight the search begins to go on from what costs more. */
const warmth = 2.5
/** Parts that the likelihood of that is told in. */
const chances = 2 ** 20
/**
 * A request of more links than is usual has more work, up to so many times the budget: where a proof is sought, since time gains most there;
 * and on a substrate whose trees are so short that it takes little time all the same.
 */
const [usualLinks, leastShare] = [6, 1]
const mostShare = { proving: 1.65, searching: 1, small: 1.8, large: 1 } as const
const smallSize = 64
const shareOf = ({ net, links }: Task, shares: Shares): number => {
  const searching = net.size > smallSize ? mostShare.searching : mostShare.small
  const most = net.size > largeSize ? mostShare.large : shares.prove > 0 ? mostShare.proving : searching
  return Math.min(most, Math.max(leastShare, links.length / usualLinks))
}

export const solve = (task: Task, budget: Budget): Outcome => {
  const shares = sharesOf(task)
  const work = workOf(task.net, { ...budget, trees: budget.trees * shareOf(task, shares) })
  const model = modelOf(task)
  work.add(task.net.head.length + task.net.size * task.nodes.length)
  if (model.candidates.some(({ length }) => length === 0)) return { found: false, trees: work.trees() }
  const reach = reachOf(task, work)
  try {
    return searched(model, reach, work, shares)
  } finally {
    reach.release()
  }
}

const searched = (model: Model, reach: Reach, work: Work, shares: Shares): Outcome => {
  const { task } = model
  const order = [...model.pull.keys()].sort((x, y) => (model.pull[y] as number) - (model.pull[x] as number))
  const layouts = bestLayouts(model, layoutsOf(model, reach, work), order[0], work, shares)
  const routed = routedOf(model, reach, work)
  const first = firstMapping(routed, layouts, order, work, shares)
  const known = first.missing === 0 ? mappingOf(task, first) : undefined
  const { mapping, bound } = proofOf(model, reach, known, work, shares)
  if (bound === Number.POSITIVE_INFINITY) return { found: false, trees: work.trees() }
  if (mapping && isLeast(mapping.cost, bound))
    return { found: true, ...mapping, bound: Math.min(bound, mapping.cost), trees: work.trees() }
  const best = refined(
    routed,
    model,
    reach,
    mapping && mapping !== known ? snapshotOf(model, mapping) : first,
    bound,
    work,
    // After a proof little is left.
    shares.prove > 0 ? 1 : effortOf(first, layouts[0]?.cost),
  )
  if (best.missing > 0) return { found: false, trees: work.trees() }
  const { cost, ...where } = mappingOf(task, best)
  return { found: true, ...where, cost, bound: Math.min(bound, cost), trees: work.trees() }
}

const proofOf = (model: Model, reach: Reach, known: Mapping | undefined, work: Work, shares: Shares): Proof => {
  const floor = floorOf(model.task)
  if (shares.prove === 0 || (known && isLeast(known.cost, floor)))
    return { ...(known && { mapping: known }), bound: floor }
  return prove(model, reach, known, { ...work, isOver: () => work.isOver(shares.prove) })
}

/** Sums of floating point numbers. */
const isLeast = (cost: number, bound: number): boolean => cost <= bound * (1 + 1e-9)

const mappingOf = (task: Task, { hosts, paths }: Pick<Snapshot, 'hosts' | 'paths'>): Mapping => ({
  hosts,
  paths,
  cost: costOf(task, { hosts, paths }),
})

/** A mapping to go on from: with what only decides between equals. */
const snapshotOf = ({ task, alone }: Model, { hosts, paths }: Mapping): Snapshot => ({
  hosts,
  paths,
  missing: 0,
  cost:
    task.links.reduce((sum, { weight }, link) => sum + weight * (paths[link]?.length ?? 0), 0) +
    alone.reduce((sum, costs, node) => sum + (costs[hosts[node] as number] as number), 0),
})

/** With the root, the node that pulls most, on one host after the other; the cheapest, improved. */
const bestLayouts = (
  model: Model,
  layouts: Layouts,
  root: number | undefined,
  work: Work,
  shares: Shares,
): readonly Layout[] => {
  if (root === undefined) return []
  const found: Layout[] = model.task.start ? [{ hosts: model.task.start, cost: Number.POSITIVE_INFINITY }] : []
  let limit = Number.POSITIVE_INFINITY
  for (const host of rootsOf(model.candidates[root] as Int32Array, model.task)) {
    if (work.isOver(shares.layouts)) break
    const layout = layouts.from(root, host, limit)
    if (!layout) continue
    found.push(layout)
    found.sort((x, y) => x.cost - y.cost)
    if (found.length <= improvedLayouts) continue
    found.pop()
    limit = (found.at(-1) as Layout).cost
  }
  const improved: Layout[] = []
  for (const layout of found) {
    if (work.isOver(shares.improve)) break
    improved.push(layouts.improved(layout))
  }
  return improved.length > 0 ? improved.sort((x, y) => x.cost - y.cost) : found
}

/** The best of the layouts with their paths; what finds none goes elsewhere, or is missing. Without a layout node by node. */
const firstMapping = (
  routed: Routed,
  layouts: readonly Layout[],
  order: readonly number[],
  work: Work,
  shares: Shares,
): Snapshot => {
  const fill = (hosts: Int32Array | undefined): Snapshot => {
    for (const node of order) routed.lift(node)
    if (hosts) for (const node of order) routed.put(node, hosts[node] as number)
    for (const node of order) if ((routed.occupancy.hosts[node] as number) < 0) routed.insert(node)
    return routed.snapshot()
  }
  let best = fill(layouts[0]?.hosts)
  for (const { hosts, cost } of layouts.slice(1, routedLayouts)) {
    if ((best.missing === 0 && cost >= best.cost - 1e-9) || work.isOver(shares.route)) break
    const next = fill(hosts)
    if (isBetter(next, best)) best = next
  }
  return best
}

/** That share at least, and all of it where the mapping costs by so much more than its layout, as a part of it. */
const [leastEffort, wholeEffort] = [0.2, 0.08]
/**
 * The share of what is left of the budget that goes into refining. What costs as much as its layout, which no paths could make cheaper, is seldom
 * improved by much.
 */
const effortOf = (first: Snapshot, layoutCost: number | undefined): number =>
  first.missing > 0 || !layoutCost ? 1 : Math.min(1, leastEffort + (first.cost / layoutCost - 1) / wholeEffort)

/**
 * At first also what costs more is gone on from, the less likely the more it costs and the less is left of the budget (simulated
 * annealing: S. Kirkpatrick, C. Gelatt, M. Vecchi, 1983).
 */
const refined = (
  routed: Routed,
  model: Model,
  reach: Reach,
  first: Snapshot,
  floor: number,
  work: Work,
  effort: number,
): Snapshot => {
  const { task } = model
  const random = randomFrom(1)
  const { below } = random
  const ruin = ruinOf(model, reach, routed, random, work)
  routed.restore(first)
  const mean = task.links.reduce((sum, { weight }) => sum + weight, 0) / Math.max(1, task.links.length)
  const begin = work.share()
  let [now, best] = [first, first]
  let isDone = first.missing === 0 && isLeast(costOf(task, first), floor)
  const end = begin + effort * (1 - begin)
  while (!isDone && !work.isOver(end)) {
    const temperature = (warmth * mean * Math.max(0, end - work.share())) / (end - begin)
    const limit =
      now.missing > 0 ? Number.POSITIVE_INFINITY : now.cost - temperature * Math.log((1 + below(chances)) / chances)
    // A round takes some time also where nothing is looked at.
    work.add(96)
    if (!ruin(now, limit)) continue
    if (routed.missing() > now.missing || (routed.missing() === now.missing && routed.cost() > limit + 1e-9)) {
      routed.restore(now)
      continue
    }
    now = routed.snapshot()
    if (!isBetter(now, best)) continue
    best = now
    isDone = best.missing === 0 && isLeast(costOf(task, best), floor)
  }
  return best
}

/** Every host adds at least what the least costly does, and every link between different hosts takes a hop. */
const floorOf = ({ nodes, links, perHost }: Task): number => {
  let floor = 0
  for (const { hosts, prefer } of nodes)
    if (prefer)
      floor += hosts.reduce((least, host) => Math.min(least, prefer[host] as number), Number.POSITIVE_INFINITY)
  if (perHost === 1) for (const { a, b, weight } of links) if (a !== b) floor += weight
  return floor
}

/** Without what only decides between equals (model.ts). */
const costOf = ({ nodes, links }: Task, { hosts, paths }: Pick<Snapshot, 'hosts' | 'paths'>): number =>
  links.reduce((sum, { weight }, link) => sum + weight * (paths[link]?.length ?? 0), 0) +
  nodes.reduce((sum, { prefer }, node) => sum + (prefer?.[hosts[node] as number] ?? 0), 0)

const isBetter = (x: Snapshot, y: Snapshot): boolean =>
  x.missing < y.missing || (x.missing === y.missing && x.cost < y.cost - 1e-9)

/** The hosts with most free around them first. */
const rootsOf = (hosts: Int32Array, task: Task): readonly number[] => {
  const free = (host: number): number => {
    let sum = 0
    for (let i = task.net.first[host] as number; i < (task.net.first[host + 1] as number); i++)
      sum += task.rates[task.net.arcs[i] as number] as number
    return sum
  }
  const score = new Map([...hosts].map((host) => [host, free(host)]))
  return [...hosts].sort((x, y) => (score.get(y) as number) - (score.get(x) as number))
}
