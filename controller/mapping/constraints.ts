/**
 * The constraints by kind: whether a host or a path keeps one, and a request without it, so that a refusal can ask what would
 * be if it were not there.
 */
import { mostCpus } from '../../proto/cpuset.ts'
import { byTopology } from './by-topology.ts'
import { anyHypervisor, startsImage } from './demand.ts'
import { isRightPlace } from './place.ts'
import type { Free, LinkDemand, NodeDemand, Problem } from './problem.ts'
import { apartOf, groupsOf, type Relations } from './relations.ts'

/**
 * What a host must have for a node: be there (not excluded), room, what the node runs on, the right place, and be the host
 * where the node must stay.
 */
export const nodeKinds = [
  'away',
  'memory',
  'disk',
  'cpu',
  'nics',
  'pool',
  'image',
  'datapath',
  'pins',
  'hypervisor',
  'location',
  'fixed',
] as const
export type NodeKind = (typeof nodeKinds)[number]

/** What needs nothing fits also where more was given than there is (a limit that was lowered). */
const within = (needed: number, free: number | undefined): boolean => needed === 0 || needed <= (free ?? 0)

const hasIdle = (free: Free, pool: string | undefined, host: number): boolean =>
  pool === undefined || (free.pools.get(pool)?.[host] ?? 0) > 0

/** By node of the substrate: 1 where it has the data path. */
const joining = byTopology(({ nodes }, datapath) =>
  Uint8Array.from(nodes, ({ datapaths }) => (datapaths.some((offer) => offer.split('/')[0] === datapath) ? 1 : 0)),
)

type Check = (problem: Problem, free: Free, node: NodeDemand, host: number) => boolean

const checks: Readonly<Record<NodeKind, Check>> = {
  away: ({ excluded }, _, node, host) => node.fixed !== undefined || excluded[host] === 0,
  fixed: (_problem, _free, { fixed }, host) => fixed === undefined || fixed === host,
  memory: (_, free, node, host) => within(node.memoryBytes, free.memoryBytes[host]),
  disk: (_, free, node, host) => within(node.diskBytes, free.diskBytes[host]),
  cpu: (_, free, node, host) => within(node.cpuMillis, free.cpuMillis[host]),
  nics: ({ topology }, free, node, host) =>
    within(node.dedicated, free.nics[host]) && (!node.shared || topology.nodes[host]?.sharedNics.length !== 0),
  pool: (_problem, free, { pool }, host) => hasIdle(free, pool, host),
  image: ({ topology }, _, { image, hypervisor }, host) =>
    image === '' ||
    (topology.nodes[host]?.images ?? []).some((offer) =>
      startsImage(offer, image, anyHypervisor(hypervisor) ? '' : hypervisor),
    ),
  datapath: ({ topology }, _, { forwardings }, host) =>
    forwardings.every((name) => joining(topology, name)[host] === 1),
  hypervisor: ({ topology }, _, { hypervisor }, host) => {
    const offered = topology.nodes[host]?.hypervisors ?? []
    return hypervisor === '' || (hypervisor === 'any' ? offered.length > 0 : offered.includes(hypervisor))
  },
  pins: ({ topology }, _, { leastCpus }, host) => leastCpus <= (topology.nodes[host]?.cpus || mostCpus),
  location: ({ topology }, _, { location }, host) => isRightPlace(location, topology.nodes[host]?.location),
}

export const meets = (kind: NodeKind, problem: Problem, free: Free, node: NodeDemand, host: number): boolean =>
  checks[kind](problem, free, node, host)

/** What a path must have for a link: the rates, the delay, hosts that make and relay its tunnels, and to be there at all. */
export const linkKinds = ['bandwidth', 'delay', 'technology', 'path'] as const
export type LinkKind = (typeof linkKinds)[number]

/** What nodes are to each other. */
export const relationKinds = ['placement', 'together', 'apart'] as const
export type RelationKind = (typeof relationKinds)[number]

export type Kind = NodeKind | LinkKind | RelationKind

/** In the order in which the binding one is looked for: what may change by itself first, what somebody meant last. */
export const kinds: readonly Kind[] = [
  'away',
  'memory',
  'disk',
  'cpu',
  'nics',
  'pool',
  ...linkKinds,
  'image',
  'datapath',
  'pins',
  'hypervisor',
  'location',
  ...relationKinds,
  'fixed',
]

/** One constraint of one object (`away`: a host of the substrate, others: a node or link), or, without an object, of all. */
export interface Constraint {
  readonly kind: Kind
  readonly node?: number
  readonly link?: number
  readonly host?: number
}

/** The problem without a constraint. */
export const relax = (problem: Problem, { kind, node, link, host }: Constraint): Problem => ({
  ...problem,
  excluded:
    kind === 'away'
      ? problem.excluded.map((away, index) => (host === undefined || host === index ? 0 : away))
      : problem.excluded,
  nodes: isNodeKind(kind)
    ? problem.nodes.map((demand, index) => (node === undefined || node === index ? relaxNode(demand, kind) : demand))
    : problem.nodes,
  links: isLinkKind(kind)
    ? problem.links.map((demand, index) => (link === undefined || link === index ? relaxLink(demand, kind) : demand))
    : problem.links,
  ...(isRelationKind(kind) && relaxRelation(problem, kind)),
})

const relaxRelation = ({ nodes, placement }: Problem, kind: RelationKind): Partial<Relations> => {
  switch (kind) {
    case 'placement':
      return { placement: placement === 'distinct' ? 'spread' : placement }
    case 'together':
      return { groups: groupsOf(nodes.length, []) }
    case 'apart':
      return { apart: apartOf(nodes.length, []) }
  }
}

/** Whether the nodes have the constraint at all. */
export const hasRelation = ({ nodes, placement, groups, apart }: Problem, kind: RelationKind): boolean => {
  switch (kind) {
    case 'placement':
      return placement === 'distinct'
    case 'together':
      return groups.length < nodes.length
    case 'apart':
      return apart.some(({ length }) => length > 0)
  }
}

export const isLinkKind = (kind: Kind): kind is LinkKind => (linkKinds as readonly Kind[]).includes(kind)
export const isRelationKind = (kind: Kind): kind is RelationKind => (relationKinds as readonly Kind[]).includes(kind)
export const isNodeKind = (kind: Kind): kind is NodeKind => (nodeKinds as readonly Kind[]).includes(kind)

/** Whether the object has the constraint at all. */
export const hasNodeConstraint = (node: NodeDemand, kind: NodeKind): boolean => {
  const free = relaxNode(node, kind)
  return (Object.keys(free) as (keyof NodeDemand)[]).some((key) => free[key] !== node[key])
}
export const hasLinkConstraint = (link: LinkDemand, kind: LinkKind): boolean => {
  const free = relaxLink(link, kind)
  return (Object.keys(free) as (keyof LinkDemand)[]).some((key) => free[key] !== link[key])
}

const relaxNode = (node: NodeDemand, kind: NodeKind): NodeDemand => {
  switch (kind) {
    case 'away':
      return node
    case 'fixed':
      return { ...node, fixed: undefined }
    case 'memory':
      return { ...node, memoryBytes: 0 }
    case 'disk':
      return { ...node, diskBytes: 0 }
    case 'cpu':
      return { ...node, cpuMillis: 0 }
    case 'nics':
      return { ...node, dedicated: 0, shared: false }
    case 'pool':
      return { ...node, pool: undefined }
    case 'image':
      return { ...node, image: '' }
    case 'datapath':
      return node.forwardings.length === 0 ? node : { ...node, forwardings: [] }
    case 'pins':
      return { ...node, leastCpus: 0 }
    case 'hypervisor':
      return { ...node, hypervisor: '' }
    case 'location':
      return { ...node, location: undefined }
  }
}

const relaxLink = (link: LinkDemand, kind: LinkKind): LinkDemand => {
  switch (kind) {
    case 'delay':
      return { ...link, delay: Number.POSITIVE_INFINITY }
    case 'bandwidth':
      return { ...link, forward: 0, backward: 0 }
    case 'technology':
      return { ...link, technology: '' }
    case 'path':
      return { ...link, pathless: true }
  }
}

/** Whether a node can be on a host, by all that does not change while others are placed. */
export const suits = (problem: Problem, node: NodeDemand, host: number): boolean =>
  nodeKinds.every((kind) => checks[kind](problem, problem.free, node, host))

/** By node, the hosts that suit it; the same list for nodes that need the same. */
export const candidatesOf = (problem: Problem): readonly (readonly number[])[] => {
  const found = new Map<string, readonly number[]>()
  return problem.nodes.map((node) => {
    const { id: _id, before: _before, ...needs } = node
    const key = JSON.stringify(needs)
    const known = found.get(key) ?? problem.topology.hosts.filter((host) => suits(problem, node, host))
    found.set(key, known)
    return known
  })
}
