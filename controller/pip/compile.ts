/**
 * From a VNet that was mapped and given its identifiers to what each host is told: its slice. Pure; equal input gives equal
 * output, and what a change does not concern stays as it was, byte by byte.
 *
 * MTU: of a link over tunnels what the smallest underlay NIC on its path leaves of an inner frame, 1500 at most, the same on
 * all its hosts; of a link within one host 1500. So nothing is ever fragmented, and hosts' jumbo frames do not show inside.
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type {
  Link,
  Node,
  Segment,
  Slice,
  SliceInterface,
  SliceLink,
  SliceNode,
  SubstrateLink,
} from '../../proto/generated/weft.v1.ts'
import { overheadBytes, technologies } from '../../proto/technologies.ts'
import { guardsAt } from '../description/anti-spoofing.ts'
import { anyHypervisor } from '../mapping/demand.ts'
import type { Embedding } from '../mapping/mapping.ts'
import { type PathSegment, segmentsOf } from '../mapping/segments.ts'
import { leastMtu, leastUnderlayMtu, nicOf, nicProblem, underlayAddress } from '../substrate/nic.ts'
import type { DeclaredSubstrate, Inventories } from '../substrate/substrate.ts'
import type { AllocatedSegment, Allocation } from './allocate.ts'

export interface CompileInput {
  readonly vnet: string
  readonly embedding: Embedding
  /** Holds the request, with all filled in. */
  readonly allocation: Allocation
  readonly substrate: Pick<DeclaredSubstrate, 'nodes' | 'links'>
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
  const { embedding, substrate } = input
  const path = embedding.paths.get(link.id)
  if (!path || !link.a || !link.b) throw new WeftError('internal', `link ${link.id} was not mapped`)
  const segments = segmentsOf(substrate, path).map((segment, index) => {
    const { identifier, technology } = allocated[index] ?? {}
    if (identifier === undefined) throw new WeftError('internal', `link ${link.id} lacks the identifier of a segment`)
    return { ...segment, identifier, technology: technology as string, ...tunnelOf(input, link.id, segment) }
  })
  const mtu = Math.min(ethernetMtu, ...segments.map((segment) => segment.mtu))
  if (mtu < leastMtu)
    throw new WeftError('mtu.too-small', `link ${link.id} would have an MTU of ${mtu}`, {
      object: `link/${link.id}`,
      hint: `raise the MTU of the underlay to at least ${leastUnderlayMtu(technologies.vxlan)}`,
    })

  const toA = { rateBitsPerSecond: link.rateBToABitsPerSecond, impairment: link.impairmentBToA }
  const toB = { rateBitsPerSecond: link.rateAToBBitsPerSecond, impairment: link.impairmentAToB }
  const byHost = new Map<string, SliceLink>()
  const hosts =
    segments.length === 0 ? path.nodes.slice(0, 1) : [segments[0]?.from as string, ...segments.map(({ to }) => to)]
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
          ...(before ? [{ ...segmentAt(before, 'to', toA.rateBitsPerSecond), ...(after ? {} : toA) }] : []),
          ...(after ? [{ ...segmentAt(after, 'from', toB.rateBitsPerSecond), ...(before ? {} : toB) }] : []),
        ],
        down: link.down,
      }),
    )
  }
  return { link, mtu, byHost }
}

interface TunnelEnd {
  readonly host: string
  readonly nic: string
  readonly address: string
}

interface Tunnel {
  readonly identifier: number
  readonly technology: string
  readonly ends: { readonly from: TunnelEnd; readonly to: TunnelEnd }
}

/** The two ends of a tunnel, at the NICs by which its path leaves and enters, and the payload that its frames may have. */
const tunnelOf = (input: CompileInput, link: string, segment: PathSegment) => {
  const end = (host: string, by: string) => {
    const name = nicAt(input.substrate.links, by, host)
    const nic = nicOf(input.inventories.get(host), name)
    const problem = nicProblem(nic)
    if (!nic || problem)
      throw new WeftError('substrate.mismatch', `link ${link} needs ${host}/${name}, and ${problem}`, {
        object: `link/${link}`,
        hint: 'mend the NIC, or map the VNet again',
      })
    return { host, nic: name, address: underlayAddress(nic) as string, mtu: nic.mtu }
  }
  const from = end(segment.from, segment.firstLink)
  const to = end(segment.to, segment.lastLink)
  return { ends: { from, to }, mtu: Math.min(from.mtu, to.mtu) - (overheadBytes('vxlan') as number) }
}

const nicAt = (links: readonly SubstrateLink[], id: string, host: string): string => {
  const { a, b } = links.find((link) => link.id === id) ?? {}
  return (a?.node === host ? a.nic : b?.node === host ? b.nic : undefined) ?? ''
}

/** A tunnel as one of its two hosts has it; the rate is the one of what this host sends. */
const segmentAt = (
  { technology, identifier, ends }: Tunnel,
  side: 'from' | 'to',
  rateBitsPerSecond: number,
): Segment => {
  const [here, there] = side === 'from' ? [ends.from, ends.to] : [ends.to, ends.from]
  return {
    technology,
    identifier,
    local: here.address,
    remote: there.address,
    nic: here.nic,
    rateBitsPerSecond,
    peer: there.host,
    nextHop: '',
    remoteMac: '',
  }
}

const mtuByInterface = (links: readonly CompiledLink[]): ReadonlyMap<string, number> =>
  new Map(
    links.flatMap(({ link, mtu }) => [link.a, link.b].map((end) => [`${end?.node}.${end?.interface}`, mtu] as const)),
  )

const compileNode = (
  { embedding, inventories }: CompileInput,
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
    interfaces,
    startUp,
    restartPolicy,
    forwarding: node.forwarding === 'host' ? 'host' : '',
  })
}
