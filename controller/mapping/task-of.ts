/**
 * A problem as a task of the core and the core's solution back. Nodes that are to be on one host are one node there.
 */
import { byTopology } from './by-topology.ts'
import type { Found, Task, TaskLink, TaskNode } from './core/task.ts'
import { remotenessKm } from './place.ts'
import type { Free, LinkDemand, NodeDemand, Problem } from './problem.ts'
import type { Solution } from './search.ts'
import { canEnd, groundOf } from './technology.ts'

/** Half the way around the earth, in kilometres: no host is farther, and one whose place is not known is taken to be as far. */
const farthestKm = 20_038

/**
 * What decides between hosts beside the hops, which cost 1 for a link of mean rate. In the order of their weight: being where it
 * was before, being near to where it is wanted, and on hosts that are less full.
 */
const [moveCost, kmCost, loadCost] = [1e6, 10, 0.05]

/** With as many nodes on a host as have room there. */
export const taskOf = (problem: Problem, candidates: readonly (readonly number[])[]): Task => {
  const { topology, groups, free } = problem
  const groupOf = new Map(groups.flatMap((group, index) => group.map((node) => [node, index])))
  const weights = problem.links.map((_, link) => weightOf(problem, link))
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / Math.max(1, weights.length)
  const pools = [...new Set(problem.nodes.flatMap(({ pool }) => pool ?? []))]
  const apart = problem.apart.flatMap((others, node) =>
    others.map((other) => [groupOf.get(node) as number, groupOf.get(other) as number] as const),
  )
  return {
    net: topology,
    room: roomOf(free, pools, topology.size),
    rates: free.rates,
    nodes: groups.map((group) => nodeOf(problem, group, candidates, pools)),
    links: problem.links.map((link, index) =>
      linkOf(
        problem,
        link,
        [groupOf.get(link.a) as number, groupOf.get(link.b) as number],
        (weights[index] ?? 0) / mean,
      ),
    ),
    perHost: groups.length,
    apart: apart.filter(([x, y]) => x < y),
  }
}

/** What a link weighs for each hop: its rates in Mbit/s, and something where it asks for none. */
const weightOf = (problem: Problem, link: number): number => {
  const { forward = 0, backward = 0 } = problem.links[link] ?? {}
  return 1 + (forward + backward) / 1e6
}

const roomOf = (free: Free, pools: readonly string[], size: number): readonly Float64Array[] => [
  free.cpuMillis,
  free.memoryBytes,
  free.diskBytes,
  Float64Array.from(free.nics),
  ...pools.map((pool) => Float64Array.from(free.pools.get(pool) ?? new Int32Array(size))),
]

/** What hosts have in all of what comes first there. */
export const capacitiesOf = ({ topology: { nodes } }: Problem): readonly Float64Array[] => [
  Float64Array.from(nodes, ({ cpuMillis }) => cpuMillis),
  Float64Array.from(nodes, ({ memoryBytes }) => memoryBytes),
]

const needsOf = (node: NodeDemand, pools: readonly string[]): readonly number[] => [
  node.cpuMillis,
  node.memoryBytes,
  node.diskBytes,
  node.dedicated,
  ...pools.map((pool) => (pool === node.pool ? 1 : 0)),
]

const nodeOf = (
  problem: Problem,
  group: readonly number[],
  candidates: readonly (readonly number[])[],
  pools: readonly string[],
): TaskNode => {
  const { topology } = problem
  const members = group.map((node) => problem.nodes[node] as NodeDemand)
  const [first = [], ...others] = group.map((node) => candidates[node] ?? [])
  const sets = others.map((list) => new Set(list))
  const hosts = Int32Array.from(first.filter((host) => sets.every((set) => set.has(host))))
  const needs = needsOf(members[0] as NodeDemand, pools).map((_, kind) =>
    members.reduce((sum, member) => sum + (needsOf(member, pools)[kind] as number), 0),
  )
  const choosy = members.filter(({ before, location }) => before !== undefined || location !== undefined)
  const loads = loadsOf(problem)
  if (choosy.length === 0) return { needs, hosts, prefer: loads }
  const prefer = loads.slice()
  for (const host of hosts) {
    for (const { before, location } of choosy) {
      if (before !== undefined && before !== host) prefer[host] = (prefer[host] as number) + moveCost
      const km = remotenessKm(location, topology.nodes[host]?.location)
      prefer[host] = (prefer[host] as number) + kmCost * Math.min(farthestKm, km)
    }
  }
  return { needs, hosts, prefer }
}

const loadCosts = new WeakMap<Problem, Float64Array>()

/** What each host costs for being full; the same for all nodes. */
export const loadsOf = (problem: Problem): Float64Array => {
  const known = loadCosts.get(problem)
  if (known) return known
  const { topology, free } = problem
  const costs = Float64Array.from(
    topology.nodes,
    ({ cpuMillis, memoryBytes }, host) =>
      loadCost * Math.max(load(cpuMillis, free.cpuMillis[host]), load(memoryBytes, free.memoryBytes[host])),
  )
  loadCosts.set(problem, costs)
  return costs
}

const load = (capacity: number, free: number | undefined): number => (capacity > 0 ? 1 - (free ?? 0) / capacity : 0)

const linkOf = (problem: Problem, link: LinkDemand, [a, b]: readonly [number, number], weight: number): TaskLink => {
  const { technology, forward, backward, delay, before } = link
  // Without a path it costs nothing where its ends are.
  if (link.pathless) return { a, b: a, forward: 0, backward: 0, weight, delay: Number.POSITIVE_INFINITY }
  return {
    a,
    b,
    forward,
    backward,
    weight,
    delay,
    ...groundOf(problem, technology),
    ...(technology !== '' && {
      endsA: endsOf(problem.topology, `${technology} ${link.forwardingA}`),
      endsB: endsOf(problem.topology, `${technology} ${link.forwardingB}`),
    }),
    ...(before && { before }),
  }
}

/** Hosts that a link can end at, by `technology forwarding`; the same array for equal questions. */
const endsOf = byTopology((topology, question): Uint8Array => {
  const [technology = '', forwarding = ''] = question.split(' ')
  return Uint8Array.from(topology.nodes, (_, host) => (canEnd({ topology }, technology, host, forwarding) ? 1 : 0))
})

/** The core's hosts by node. */
export const solutionOf = ({ groups, nodes }: Problem, { hosts, paths }: Found): Solution => {
  const at = new Int32Array(nodes.length)
  for (const [index, group] of groups.entries()) for (const node of group) at[node] = hosts[index] as number
  return { found: true, hosts: at, paths }
}
