/**
 * From a VNet that was mapped and given its identifiers to what each host is told: its slice. Pure; equal input gives equal
 * output, and what a change does not concern stays as it was, byte by byte.
 *
 * MTU: of a link over tunnels what its technology leaves of the smallest underlay NIC on its path, 1500 at most, the same on
 * all its hosts; of a link within one host 1500. So nothing is ever fragmented, and hosts' jumbo frames do not show inside.
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type {
  Endpoint,
  FarEnd,
  Link,
  Node,
  Slice,
  SliceInterface,
  SliceLink,
  SliceNode,
} from '../../proto/generated/weft.v1.ts'
import { technologyNamed } from '../../proto/technologies.ts'
import { guardsAt } from '../description/anti-spoofing.ts'
import { anyHypervisor } from '../mapping/demand.ts'
import type { Embedding } from '../mapping/mapping.ts'
import { nicOf } from '../substrate/nic.ts'
import type { DeclaredSubstrate, Inventories } from '../substrate/substrate.ts'
import type { Allocation } from './allocate.ts'
import { type CompiledSegment, compileSegments, segmentAt } from './compile-segments.ts'
import type { AllocatedSegment } from './segments.ts'

export interface CompileInput {
  readonly vnet: string
  readonly embedding: Embedding
  /** Holds the request, with all filled in. */
  readonly allocation: Allocation
  readonly substrate: Pick<DeclaredSubstrate, 'nodes' | 'links'> & Partial<Pick<DeclaredSubstrate, 'images'>>
  /** By node, the node of a pool that it becomes. */
  readonly pooled?: ReadonlyMap<string, string>
  readonly inventories: Inventories
  readonly generation: number
  readonly epoch: number
}

/** Bytes: Ethernet's own (IEEE 802.3), and the most that a VNet sees. */
const ethernetMtu = 1500

/**
 * One slice for every host that carries a node or relays a link, by name of the host. Throws substrate.mismatch where a NIC
 * that was there when the request was mapped is not there any more.
 */
export const compileSlices = (input: CompileInput): ReadonlyMap<string, Slice> => {
  const { vnet, embedding, allocation, generation, epoch } = input
  const allocated = Map.groupBy(allocation.segments, ({ link }) => link)
  const links = allocation.request.links.map((link) => compileLink(input, link, allocated.get(link.id) ?? []))
  const mtus = mtuByInterface(links)
  const slices = hostsOf(embedding, allocation).map((host) => {
    const nodes = allocation.request.nodes
      .filter(({ id }) => embedding.hosts.get(id) === host)
      .map((node) => compileNode(input, node, host, mtus))
    const here = links.flatMap(({ byHost }) => byHost.get(host) ?? [])
    return [host, create('Slice', { vnet, generation, epoch, nodes, links: here })] as const
  })
  return new Map(slices)
}

/** The hosts that compileSlices has a slice for, sorted. */
export const hostsOf = (embedding: Embedding, allocation: Allocation): readonly string[] => {
  const relays = allocation.segments.flatMap(({ from, to }) => [from, to])
  return [...new Set([...embedding.hosts.values(), ...relays])].sort()
}

/** What tells a host that nothing of the VNet shall be left there. */
export const absentSlice = (vnet: string, generation: number, epoch: number): Slice =>
  create('Slice', { vnet, generation, epoch, absent: true })

interface CompiledLink {
  readonly link: Link
  readonly mtu: number
  readonly byHost: ReadonlyMap<string, SliceLink>
}

const compileLink = (input: CompileInput, link: Link, allocated: readonly AllocatedSegment[]): CompiledLink => {
  const path = input.embedding.paths.get(link.id)
  if (!path || !link.a || !link.b) throw new WeftError('internal', `link ${link.id} was not mapped`)
  const segments = compileSegments(input, link.id, path, allocated)
  const mtu = Math.min(ethernetMtu, ...segments.map((segment) => segment.mtu))
  const toA = { rateBitsPerSecond: link.rateBToABitsPerSecond, impairment: link.impairmentBToA }
  const toB = { rateBitsPerSecond: link.rateAToBBitsPerSecond, impairment: link.impairmentAToB }
  const byHost = new Map<string, SliceLink>()
  const hosts =
    segments.length === 0
      ? path.nodes.slice(0, 1)
      : [segments[0]?.ends.from.host as string, ...segments.map(({ ends }) => ends.to.host)]
  for (const [index, host] of hosts.entries()) {
    // Towards end a comes first, so that a link reads the same way on all its hosts.
    const before = segments[index - 1]
    const after = segments[index]
    byHost.set(
      host,
      create('SliceLink', {
        id: link.id,
        mtu,
        ends: [
          ...(before ? [] : [{ ...link.a, ...(after ? {} : toA) }]),
          ...(after ? [] : [{ ...link.b, ...(before ? {} : toB) }]),
        ],
        // A relay keeps the rate of what it sends on, but what is done to frames on purpose is done once: where they come from.
        segments: [
          ...(before
            ? [{ ...segmentAt(before, 'to'), ...(after ? { rateBitsPerSecond: toA.rateBitsPerSecond } : toA) }]
            : []),
          ...(after
            ? [{ ...segmentAt(after, 'from'), ...(before ? { rateBitsPerSecond: toB.rateBitsPerSecond } : toB) }]
            : []),
        ],
        far:
          before && after ? undefined : before ? farEnd(input, before, link.a) : after && farEnd(input, after, link.b),
        down: link.down,
      }),
    )
  }
  return { link, mtu, byHost }
}

/** What the data path of an end answers for in place of the other one: of technologies that carry IPv4 alone, and so no ARP. */
const farEnd = ({ allocation }: CompileInput, { technology }: CompiledSegment, end: Endpoint): FarEnd | undefined => {
  if (technologyNamed(technology)?.carries !== 'ipv4') return undefined
  const node = allocation.request.nodes.find(({ id }) => id === end.node)
  const { mac, addresses } = node?.interfaces.find(({ index }) => index === end.interface) ?? { mac: '', addresses: [] }
  return { mac, addresses }
}

const mtuByInterface = (links: readonly CompiledLink[]): ReadonlyMap<string, number> =>
  new Map(
    links.flatMap(({ link, mtu }) => [link.a, link.b].map((end) => [`${end?.node}.${end?.interface}`, mtu] as const)),
  )

const compileNode = (
  { embedding, inventories, substrate, pooled }: CompileInput,
  node: Node,
  host: string,
  mtus: ReadonlyMap<string, number>,
): SliceNode => {
  const interfaces = node.interfaces.map((each): SliceInterface => {
    const { index, mac, addresses, forwarding, click } = each
    const key = `${node.id}.${index}`
    const nic = embedding.nics.get(key) ?? ''
    const nicMtu = nic === '' ? undefined : nicOf(inventories.get(host), nic)?.mtu
    return {
      index,
      mac,
      addresses,
      mtu: mtus.get(key) ?? nicMtu ?? ethernetMtu,
      forwarding,
      nic,
      nicShared: nic !== '' && each.physical === 'shared',
      guards: guardsAt(each),
      click,
    }
  })
  const { id, cpu, memoryBytes, diskBytes, image, startUp, restartPolicy } = node
  const hypervisor = embedding.hypervisors.get(id) ?? (anyHypervisor(node.hypervisor) ? '' : node.hypervisor)
  return create('SliceNode', {
    id,
    hypervisor,
    cpu,
    memoryBytes,
    diskBytes,
    image,
    imageSource: substrate.images?.find(({ name }) => name === image),
    interfaces,
    startUp,
    restartPolicy,
    recoverable: node.recovery !== 'wait',
    forwarding: node.forwarding === 'host' ? 'host' : '',
    pooled: pooled?.get(id) ?? '',
  })
}
