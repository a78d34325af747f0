/**
 * The substrate as numbers: nodes and links by index, adjacency in one array. A link l is two arcs, 2l from its end a to its
 * end b and 2l + 1 back; `arc ^ 1` is the other direction.
 */
import type { SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import type { SubstrateGraph } from './mapping.ts'

export interface Topology {
  readonly nodes: readonly SubstrateNode[]
  /** Number of nodes. */
  readonly size: number
  readonly links: readonly SubstrateLink[]
  readonly indexOf: ReadonlyMap<string, number>
  readonly linkIndexOf: ReadonlyMap<string, number>
  /** Indices of the nodes that are hosts. */
  readonly hosts: readonly number[]
  readonly isHost: Uint8Array
  /** Arcs that leave node n: arcs[first[n]] up to, without, arcs[first[n + 1]]. */
  readonly first: Int32Array
  readonly arcs: Int32Array
  /** Node that an arc leads to. */
  readonly head: Int32Array
  /** By link, in microseconds. */
  readonly delay: Float64Array
  /** By arc, in bits per second. */
  readonly capacity: Float64Array
  /** By arc, what its rates are called in a usage. */
  readonly rateKeys: readonly string[]
  /** Whether segments of a technology can run over a link. */
  readonly carries: (link: number, technology: string) => boolean
}

/** Links whose ends are not both nodes of the graph are left out. */
export const topologyOf = (graph: SubstrateGraph): Topology => {
  const known = made.get(graph)
  if (known) return known
  const topology = make(graph)
  made.set(graph, topology)
  return topology
}

/** A graph never changes, and the same one is mapped on again and again. */
const made = new WeakMap<SubstrateGraph, Topology>()

const make = (graph: SubstrateGraph): Topology => {
  const { nodes } = graph
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]))
  const links = graph.links.filter(({ a, b }) => a && b && indexOf.has(a.node) && indexOf.has(b.node))
  const end = (node: string | undefined): number => indexOf.get(node ?? '') as number
  const head = Int32Array.from(links.flatMap(({ a, b }) => [end(b?.node), end(a?.node)]))
  const first = new Int32Array(nodes.length + 1)
  for (const node of head) first[node + 1] = (first[node + 1] as number) + 1
  for (let n = 0; n < nodes.length; n++) first[n + 1] = (first[n + 1] as number) + (first[n] as number)
  const arcs = new Int32Array(head.length)
  const next = first.slice()
  for (let arc = 0; arc < head.length; arc++) {
    const tail = head[arc ^ 1] as number
    arcs[next[tail] as number] = arc
    next[tail] = (next[tail] as number) + 1
  }
  const isHost = Uint8Array.from(nodes, ({ kind }) => (kind === 'host' ? 1 : 0))
  return {
    nodes,
    size: nodes.length,
    links,
    indexOf,
    linkIndexOf: new Map(links.map(({ id }, index) => [id, index])),
    hosts: nodes.flatMap(({ kind }, index) => (kind === 'host' ? [index] : [])),
    isHost,
    first,
    arcs,
    head,
    delay: Float64Array.from(links, ({ delayMicroseconds }) => delayMicroseconds),
    capacity: Float64Array.from(head, (_, arc) => links[arc >> 1]?.capacityBitsPerSecond ?? 0),
    rateKeys: Array.from(head, (_, arc) => `${links[arc >> 1]?.id}/${arc & 1 ? 'ba' : 'ab'}`),
    carries: (link, technology) => graph.carried?.get(links[link]?.id ?? '')?.has(technology) ?? true,
  }
}
