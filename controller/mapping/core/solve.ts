/**
 * The search for the cheapest mapping of a task: layouts from many roots by the distances of hosts (layout.ts), the best of them
 * with paths (routed.ts), and then again and again some linked nodes of the best mapping taken out and put back where they cost
 * least, until the budget ends or nothing can cost less. (P. Shaw's large neighbourhood search, 1998.)
 */
import { type Layout, layoutsOf } from './layout.ts'
import { modelOf } from './model.ts'
import { randomFrom } from './random.ts'
import { reachOf } from './reach.ts'
import { type Routed, routedOf, type Snapshot } from './routed.ts'
import type { Budget, Outcome, Task } from './task.ts'
import { workOf } from './work.ts'

/** What suffices for requests of ten nodes on a hundred hosts. */
export const defaultTrees = 130
/** On a large substrate a tree takes long, and most of it is far from where a request goes. */
const [largeSize, largeTrees] = [1000, 40]
export const defaultTreesOf = (size: number): number => (size > largeSize ? largeTrees : defaultTrees)

/** Shares of the budget after which no more layouts are made, and none is improved; the rest is for mappings with paths. */
const [layoutShare, improveShare] = [0.55, 0.7]
/** So many of the cheapest layouts are improved, and so many of those become mappings. */
const [improvedLayouts, routedLayouts] = [12, 4]
/** Most nodes that are taken out of a mapping at a time. */
const mostOut = 3

export const solve = (task: Task, budget: Budget): Outcome => {
  const work = workOf(task.net, budget)
  const model = modelOf(task)
  const count = task.nodes.length
  const failed = (): Outcome => ({ found: false, trees: work.trees() })
  if (model.candidates.some(({ length }) => length === 0)) return failed()
  const reach = reachOf(task, work)
  const layouts = layoutsOf(model, reach, work)
  const floor = floorOf(task)
  // Layouts from many roots.
  let root = 0
  for (let node = 1; node < count; node++) if ((model.pull[node] as number) > (model.pull[root] as number)) root = node
  const found: Layout[] = []
  const rootHosts = rootsOf(model.candidates[root] as Int32Array, task)
  for (const host of rootHosts) {
    if (work.isOver(layoutShare)) break
    const layout = layouts.from(root, host)
    if (layout) found.push(layout)
  }
  found.sort((x, y) => x.cost - y.cost)
  const improved: Layout[] = []
  for (const layout of found.slice(0, improvedLayouts)) {
    if (work.isOver(improveShare)) break
    improved.push(layouts.improved(layout))
  }
  improved.sort((x, y) => x.cost - y.cost)

  const routed = routedOf(model, reach, work)
  let best: Snapshot | undefined
  const order = [...model.pull.keys()].sort((x, y) => (model.pull[y] as number) - (model.pull[x] as number))
  const keep = (): void => {
    if (!best || isBetter(routed.snapshot(), best)) best = routed.snapshot()
  }
  let tried = 0
  for (const layout of improved.length > 0 ? improved : found) {
    if (best && best.missing === 0 && layout.cost >= best.cost - 1e-9) break
    if (tried++ >= routedLayouts || (best && work.isOver(0.8))) break
    for (let node = 0; node < count; node++) routed.lift(node)
    for (const node of order) routed.put(node, layout.hosts[node] as number)
    for (const node of order) if ((routed.occupancy.hosts[node] as number) < 0) routed.insert(node)
    keep()
  }
  if (!best) {
    for (const node of order) routed.insert(node)
    keep()
  }
  let now = best as unknown as Snapshot
  const random = randomFrom(1)
  const isDone = () => now.missing === 0 && costOf(task, now) <= floor * (1 + 1e-9)
  while (!isDone() && !work.isOver()) {
    routed.restore(now)
    ruin(routed, model.ties, random.below, count, now)
    const after = routed.snapshot()
    if (!isBetter(now, after)) now = after
    else continue
    if (isBetter(after, best as unknown as Snapshot)) best = after
  }
  const result = best as unknown as Snapshot
  if (result.missing > 0) return failed()
  return {
    found: true,
    hosts: result.hosts,
    paths: result.paths,
    cost: costOf(task, result),
    bound: floor,
    trees: work.trees(),
  }
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
const costOf = ({ nodes, links }: Task, { hosts, paths }: Snapshot): number =>
  links.reduce((sum, { weight }, link) => sum + weight * (paths[link]?.length ?? 0), 0) +
  nodes.reduce((sum, { prefer }, node) => sum + (prefer?.[hosts[node] as number] ?? 0), 0)

const isBetter = (x: Snapshot, y: Snapshot): boolean =>
  x.missing < y.missing || (x.missing === y.missing && x.cost < y.cost - 1e-9)

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

/** Takes some linked nodes out and puts them back one by one where they cost least. */
const ruin = (
  routed: Routed,
  ties: readonly (readonly { readonly other: number }[])[],
  below: (limit: number) => number,
  count: number,
  now: Snapshot,
): void => {
  const missing = [...now.hosts.keys()].filter((node) => (now.hosts[node] as number) < 0)
  const first = missing.length > 0 ? (missing[below(missing.length)] as number) : below(count)
  const out = [first]
  const size = 1 + below(Math.min(mostOut, count))
  while (out.length < size) {
    const near = ties[out[below(out.length)] as number] ?? []
    const other = near.length > 0 && below(4) > 0 ? (near[below(near.length)]?.other ?? 0) : below(count)
    if (!out.includes(other)) out.push(other)
    else if (below(8) === 0) break
  }
  const olds = out.map((node) => now.hosts[node] as number)
  for (const node of out) routed.lift(node)
  for (const node of missing) if (!out.includes(node)) out.push(node)
  const avoid = below(out.length)
  for (const [i, node] of out.entries()) routed.insert(node, i === avoid && below(2) === 0 ? olds[i] : -1)
}
