/**
 * A request on a substrate as numbers, with what is free of it; and the constraints by kind, so that a refusal can ask what
 * would be if one were not there.
 */
import { parseCpuset } from '../../proto/cpuset.ts'
import type { Link, Location, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import {
  anyHypervisor,
  chooseHypervisor,
  forwardingOf,
  reservedCpuMillis,
  startsImage,
  technologyOf,
} from './demand.ts'
import type { EmbedOptions, Usage } from './mapping.ts'
import { chooseShapes, isPooled, poolKey } from './pools.ts'
import { type Relations, relationsOf } from './relations.ts'
import type { Arcs, Route } from './route.ts'
import { canEnd, groundOf, type TechnologyRule } from './technology.ts'
import type { Topology } from './topology.ts'

/** What a node needs of its host. A constraint that was relaxed is 0, empty or undefined. */
export interface NodeDemand {
  readonly id: string
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly diskBytes: number
  /** Physical interfaces of its own. */
  readonly dedicated: number
  /** Whether it needs a shared one. */
  readonly shared: boolean
  /** "any": one at least; '': none is needed (relaxed). */
  readonly hypervisor: string
  readonly image: string
  /** CPUs that its host must have: one more than the highest number that it is pinned to. */
  readonly leastCpus: number
  /** Data paths that its interfaces are joined by. */
  readonly forwardings: readonly string[]
  readonly location: Location | undefined
  /** Shape of the pool that it is taken from, room and all; undefined: it is made. */
  readonly pool: string | undefined
  /** Index of the host where it must stay; `elsewhere` where that is no host of the substrate; undefined: any. */
  readonly fixed: number | undefined
  /** Host where it was before and would best be again. */
  readonly before: number | undefined
}

export const elsewhere = -1

export interface LinkDemand {
  readonly id: string
  /** Nodes, by index. */
  readonly a: number
  readonly b: number
  /** Bits per second from a to b, and back. */
  readonly forward: number
  readonly backward: number
  /** Microseconds; Infinity: any. */
  readonly delay: number
  /** Of its tunnels; '': none is needed (relaxed). */
  readonly technology: string
  readonly forwardingA: string
  readonly forwardingB: string
  /** Relaxed altogether: no path is needed. */
  readonly pathless: boolean
  /** The path before, as arcs. */
  readonly before: Arcs | undefined
}

/** What is free, by index of the node, of rates by arc. */
export interface Free {
  readonly cpuMillis: Float64Array
  readonly memoryBytes: Float64Array
  readonly diskBytes: Float64Array
  readonly nics: Int32Array
  readonly rates: Float64Array
  /** Idle nodes by shape. */
  readonly pools: ReadonlyMap<string, Int32Array>
}

export interface Problem extends Relations {
  readonly topology: Topology
  readonly nodes: readonly NodeDemand[]
  readonly links: readonly LinkDemand[]
  readonly free: Free
  /** By node of the substrate: 1 where it takes no new node and relays nothing. */
  readonly excluded: Uint8Array
}

export const problemOf = (
  topology: Topology,
  usage: Usage,
  request: VNetRequest,
  { fixed, previous, taken, excluded }: EmbedOptions,
): Problem => {
  const host = (id: string | undefined): number | undefined => (id === undefined ? undefined : topology.indexOf.get(id))
  const indexOf = new Map(request.nodes.map(({ id }, index) => [id, index]))
  const linked = new Set(
    request.links.flatMap(({ a, b }) => [`${a?.node}.${a?.interface}`, `${b?.node}.${b?.interface}`]),
  )
  const wanting = request.nodes.filter(({ id }) => !taken?.has(id))
  const shapes = chooseShapes(topology.nodes, usage, wanting)
  const nodes = request.nodes.map((node): NodeDemand => {
    const at = fixed?.get(node.id)
    const atIndex = host(at)
    const isHost = atIndex !== undefined && topology.isHost[atIndex] === 1
    return {
      ...nodeDemand(node, linked, shapes.get(node.id)),
      fixed: at === undefined ? undefined : isHost ? atIndex : elsewhere,
      before: host(previous?.hosts.get(node.id)),
    }
  })
  const links = request.links.map((link): LinkDemand => {
    const end = (name: string | undefined): number => indexOf.get(name ?? '') as number
    const forwarding = (node: number, index: number | undefined): string =>
      forwardingOf(request.nodes[node]?.interfaces.find((one) => one.index === index)?.forwarding ?? '')
    const [a, b] = [end(link.a?.node), end(link.b?.node)]
    return {
      ...linkDemand(link),
      a,
      b,
      forwardingA: forwarding(a, link.a?.interface),
      forwardingB: forwarding(b, link.b?.interface),
      before: arcsOf(topology, previous?.paths.get(link.id)),
    }
  })
  const isExcluded = topology.nodes.map(({ id }) => (excluded?.has(id) ? 1 : 0))
  return {
    topology,
    nodes,
    links,
    free: freeOf(topology, usage),
    excluded: Uint8Array.from(isExcluded),
    ...relationsOf(request),
  }
}

const nodeDemand = (
  node: Node,
  linked: ReadonlySet<string>,
  pool: string | undefined,
): Omit<NodeDemand, 'fixed' | 'before'> => {
  // What a pool keeps takes its room already, and is what the node asks for.
  const pooled = isPooled(node)
  const joined = node.interfaces.filter(({ index, physical }) => physical !== '' || linked.has(`${node.id}.${index}`))
  return {
    id: node.id,
    cpuMillis: pooled ? 0 : reservedCpuMillis(node),
    memoryBytes: pooled ? 0 : node.memoryBytes,
    diskBytes: pooled ? 0 : node.diskBytes,
    dedicated: node.interfaces.filter(({ physical }) => physical === 'dedicated').length,
    shared: node.interfaces.some(({ physical }) => physical === 'shared'),
    hypervisor: pooled ? '' : anyHypervisor(node.hypervisor) ? 'any' : node.hypervisor,
    image: pooled ? '' : node.image,
    leastCpus: pooled ? 0 : Math.max(-1, ...(parseCpuset(node.cpu?.pins ?? '') ?? [])) + 1,
    forwardings: [...new Set(joined.map(({ forwarding }) => forwardingOf(forwarding)))],
    location: node.location,
    pool,
  }
}

const linkDemand = (link: Link) => ({
  id: link.id,
  forward: link.rateAToBBitsPerSecond,
  backward: link.rateBToABitsPerSecond,
  delay: link.delayMicroseconds > 0 ? link.delayMicroseconds : Number.POSITIVE_INFINITY,
  technology: technologyOf(link),
  pathless: false,
})

/** undefined where the path is none of this substrate (any more). */
const arcsOf = (topology: Topology, path: { nodes: readonly string[]; links: readonly string[] } | undefined) => {
  if (!path) return undefined
  const arcs: number[] = []
  for (const [index, id] of path.links.entries()) {
    const link = topology.linkIndexOf.get(id)
    if (link === undefined) return undefined
    arcs.push(2 * link + (topology.links[link]?.a?.node === path.nodes[index] ? 0 : 1))
  }
  return arcs
}

const freeOf = ({ nodes, capacity, rateKeys }: Topology, usage: Usage): Free => ({
  cpuMillis: Float64Array.from(nodes, ({ id, cpuMillis }) => cpuMillis - (usage.cpuMillis.get(id) ?? 0)),
  memoryBytes: Float64Array.from(nodes, ({ id, memoryBytes }) => memoryBytes - (usage.memoryBytes.get(id) ?? 0)),
  diskBytes: Float64Array.from(nodes, ({ id, diskBytes }) => diskBytes - (usage.diskBytes.get(id) ?? 0)),
  nics: Int32Array.from(nodes, ({ id, nics }) => nics.filter((nic) => !usage.nics.has(`${id}/${nic}`)).length),
  rates: capacity.map((rate, arc) => rate - (usage.rateBitsPerSecond.get(rateKeys[arc] as string) ?? 0)),
  pools: idleOf(nodes, usage),
})

const idleOf = (nodes: Topology['nodes'], usage: Usage): ReadonlyMap<string, Int32Array> => {
  const idle = new Map<string, Int32Array>()
  for (const [host, { id, pools }] of nodes.entries())
    for (const shape of pools) {
      const byHost = idle.get(shape.name) ?? new Int32Array(nodes.length)
      idle.set(shape.name, byHost)
      byHost[host] = shape.nodes - (usage.pools.get(poolKey(id, shape.name)) ?? 0)
    }
  return idle
}

export const emptyUsage: Usage = {
  cpuMillis: new Map(),
  memoryBytes: new Map(),
  diskBytes: new Map(),
  nics: new Set(),
  rateBitsPerSecond: new Map(),
  pools: new Map(),
}

/**
 * What a path for a link between two different hosts must keep; undefined where one of them cannot make its tunnels.
 * @param waived a rule of the technology that is not looked at
 */
export const routeOf = (
  problem: Problem,
  link: LinkDemand,
  from: number,
  to: number,
  waived?: TechnologyRule,
): Route | undefined => {
  const { forward, backward, delay, technology } = link
  const ends = [
    [from, link.forwardingA],
    [to, link.forwardingB],
  ] as const
  if (ends.some(([host, forwarding]) => !canEnd(problem, technology, host, forwarding, waived))) return undefined
  return { from, to, forward, backward, delay, ...groundOf(problem, technology, waived) }
}

export const hypervisorFor = (problem: Problem, node: NodeDemand, host: number, before: string | undefined): string => {
  const shape = problem.topology.nodes[host]?.pools.find(({ name }) => name === node.pool)
  if (shape) return shape.hypervisor
  // One that was taken before has what it had.
  if (node.hypervisor !== 'any') return node.hypervisor || (before ?? '')
  const { hypervisors = [], images = [] } = problem.topology.nodes[host] ?? {}
  const offered = hypervisors.filter(
    (hypervisor) => node.image === '' || images.some((offer) => startsImage(offer, node.image, hypervisor)),
  )
  return before !== undefined && offered.includes(before) ? before : (chooseHypervisor(offered) ?? '')
}
