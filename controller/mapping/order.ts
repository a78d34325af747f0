/**
 * In what order nodes are placed, and which host is tried first: the judgement of the greedy mapping.
 */
import { remotenessKm } from './place.ts'
import type { Free, NodeDemand, Problem } from './problem.ts'
import { unreachable } from './topology.ts'

/** `balance` fills hosts evenly; `pack` the fullest first, which leaves large pieces free where space is short. */
export type Spread = 'balance' | 'pack'

/** A decision of the search: place a node, or find the path of a link whose two nodes are placed. */
export type Decision = { readonly node: number } | { readonly link: number }

/** Links by node, the demanding ones (delay bound, then rate) first. */
export const linksByNode = ({ nodes, links }: Problem): readonly (readonly number[])[] => {
  const lists: number[][] = nodes.map(() => [])
  for (const [index, { a, b }] of links.entries()) {
    lists[a]?.push(index)
    if (b !== a) lists[b]?.push(index)
  }
  const rate = (index: number): number => (links[index]?.forward ?? 0) + (links[index]?.backward ?? 0)
  const delay = (index: number): number => links[index]?.delay ?? 0
  for (const list of lists) list.sort((x, y) => ascending(delay(x), delay(y)) || rate(y) - rate(x) || x - y)
  return lists
}

/** Infinity minus itself is no number. */
const ascending = (x: number, y: number): number => (x === y ? 0 : x < y ? -1 : 1)

/** What a link weighs for each hop: its rates in Mbit/s, and something where it asks for none. */
export const weightOf = (problem: Problem, link: number): number => {
  const { forward = 0, backward = 0 } = problem.links[link] ?? {}
  return 1 + (forward + backward) / 1e6
}

/**
 * Nodes in order of placement: those with one candidate first, then, from `root` on, always the one that weighs most towards
 * what is placed, with the fewest candidates, the largest, the first. Without a root: the largest first.
 */
export const nodeOrder = (
  problem: Problem,
  candidates: readonly (readonly number[])[],
  links: readonly (readonly number[])[],
  root: number | undefined,
): readonly number[] => {
  const count = problem.nodes.length
  const choices = candidates.map(({ length }) => length)
  const size = problem.nodes.map((node) => sizeOf(problem, node))
  const by =
    (...keys: ((node: number) => number)[]) =>
    (x: number, y: number) => {
      for (const key of keys) if (key(x) !== key(y)) return key(x) - key(y)
      return x - y
    }
  const pinned = (node: number): number => (choices[node] === 1 ? 0 : 1)
  const choice = (node: number): number => choices[node] as number
  const large = (node: number): number => -(size[node] as number)
  const all = Array.from({ length: count }, (_, node) => node)
  if (root === undefined) return all.sort(by(pinned, large, choice))

  const pull = new Float64Array(count)
  const placed = new Uint8Array(count)
  const order: number[] = []
  const put = (node: number): void => {
    placed[node] = 1
    order.push(node)
    for (const link of links[node] ?? []) {
      const { a, b } = problem.links[link] as { a: number; b: number }
      const other = a === node ? b : a
      pull[other] = (pull[other] as number) + weightOf(problem, link)
    }
  }
  for (const node of all) if (pinned(node) === 0) put(node)
  if (!placed[root]) put(root)
  const better = by((node) => -(pull[node] as number), choice, large)
  while (order.length < count) {
    let best = -1
    for (const node of all) if (!placed[node] && (best < 0 || better(node, best) < 0)) best = node
    put(best)
  }
  return order
}

/** Share of all that is free which a node takes, of the resource it takes most of. */
const sizeOf = ({ topology, free }: Problem, node: NodeDemand): number => {
  let [cpu, memory] = [0, 0]
  for (const host of topology.hosts) {
    cpu += Math.max(0, free.cpuMillis[host] as number)
    memory += Math.max(0, free.memoryBytes[host] as number)
  }
  return Math.max(node.cpuMillis / Math.max(1, cpu), node.memoryBytes / Math.max(1, memory))
}

/** Each node, and after it its links to nodes placed before. */
export const decisionsOf = (
  problem: Problem,
  order: readonly number[],
  links: readonly (readonly number[])[],
): readonly Decision[] => {
  const placed = new Uint8Array(problem.nodes.length)
  const decisions: Decision[] = []
  for (const node of order) {
    placed[node] = 1
    decisions.push({ node })
    for (const link of links[node] ?? []) {
      const { a, b, pathless } = problem.links[link] as { a: number; b: number; pathless: boolean }
      if (!pathless && placed[a] && placed[b]) decisions.push({ link })
    }
  }
  return decisions
}

/** How full hosts shall get: the levels at which they would all be equally full, as far as they were not fuller before. */
export interface Levels {
  readonly cpu: number
  readonly memory: number
}

export const levelsOf = (problem: Problem, candidates: readonly (readonly number[])[]): Levels => {
  const { topology, nodes, free } = problem
  const hosts = [...new Set(candidates.flat())]
  const level = (capacity: (host: number) => number, left: Float64Array, total: number): number => {
    let [low, high] = [0, 1]
    // 40 halvings: far below one thousandth of a CPU of the largest host.
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2
      let room = 0
      for (const host of hosts) room += Math.max(0, middle * capacity(host) - (capacity(host) - (left[host] as number)))
      if (room < total) low = middle
      else high = middle
    }
    return high
  }
  const sum = (of: (node: NodeDemand) => number): number => nodes.reduce((total, node) => total + of(node), 0)
  return {
    cpu: level(
      (host) => topology.nodes[host]?.cpuMillis ?? 0,
      free.cpuMillis,
      sum(({ cpuMillis }) => cpuMillis),
    ),
    memory: level(
      (host) => topology.nodes[host]?.memoryBytes ?? 0,
      free.memoryBytes,
      sum(({ memoryBytes }) => memoryBytes),
    ),
  }
}

/** What is placed so far. */
export interface Partial {
  readonly free: Free
  /** Host by node; -1: not yet. */
  readonly hosts: Int32Array
}

/**
 * Hosts for a node, the best first: where it was before; nearest to where it is wanted; below the level (balance) or above
 * it (pack); closest to the nodes that it is linked to; least loaded (balance) or most (pack); the first.
 */
export const rankHosts = (
  problem: Problem,
  partial: Partial,
  candidates: readonly number[],
  node: number,
  links: readonly number[],
  levels: Levels,
  spread: Spread,
): readonly number[] => {
  const demand = problem.nodes[node] as NodeDemand
  const ranked = candidates.map((host) => {
    const substrate = problem.topology.nodes[host]
    const cpu = loadAfter(substrate?.cpuMillis ?? 0, partial.free.cpuMillis[host] as number, demand.cpuMillis)
    const memory = loadAfter(substrate?.memoryBytes ?? 0, partial.free.memoryBytes[host] as number, demand.memoryBytes)
    const above = cpu > levels.cpu + 1e-9 || memory > levels.memory + 1e-9
    const load = Math.max(cpu, memory)
    return {
      host,
      keys: [
        host === demand.before ? 0 : 1,
        remotenessKm(demand.location, substrate?.location),
        spread === 'balance' && above ? 1 : 0,
        pullOf(problem, partial, node, host, links),
        spread === 'balance' ? load : -load,
        host,
      ],
    }
  })
  ranked.sort((x, y) => {
    for (const [i, key] of x.keys.entries()) if (key !== y.keys[i]) return ascending(key, y.keys[i] as number)
    return 0
  })
  return ranked.map(({ host }) => host)
}

const loadAfter = (capacity: number, free: number, demand: number): number =>
  capacity > 0 ? (capacity - free + demand) / capacity : demand > 0 ? 1 : 0

/** Hops times weight to the nodes that are placed. */
const pullOf = (problem: Problem, partial: Partial, node: number, host: number, links: readonly number[]): number => {
  let sum = 0
  for (const link of links) {
    const { a, b } = problem.links[link] as { a: number; b: number }
    const other = partial.hosts[a === node ? b : a] as number
    if (other < 0) continue
    const hops = problem.topology.hopsTo(other)[host] as number
    sum += hops === unreachable ? Number.POSITIVE_INFINITY : hops * weightOf(problem, link)
  }
  return sum
}
