/**
 * What a PIP gives when it commits a VNet: MAC addresses, addresses of links from the VNet's prefix, identifiers of tunnels.
 * Pure: what is taken is computed from what is stored, so a VNet that is deleted has released it.
 */
import { createHash } from 'node:crypto'
import { WeftError } from '../../proto/errors.ts'
import type { Interface, Link, SubstrateNode, VNetRequest } from '../../proto/generated/weft.v1.ts'
import {
  type Cidr,
  formatAddress,
  freeLinkSubnets,
  linkPrefixLength,
  overlaps,
  parseCidr,
} from '../description/cidr.ts'
import { fillIn } from '../description/fill-in.ts'
import { technologyOf } from '../mapping/demand.ts'
import type { Embedding } from '../mapping/mapping.ts'
import { segmentsOf } from '../mapping/segments.ts'

/** A tunnel between two consecutive hosts on a link's path, in the direction from the link's end a to its end b. */
export interface AllocatedSegment {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly technology: string
  /** VNI of a vxlan segment. */
  readonly identifier: number
}

/** What a PIP gives when it commits; a plain JSON value, stored with the VNet and so released with it. */
export interface Allocation {
  /** The request with every default, MAC and address filled in. */
  readonly request: VNetRequest
  /** By link in the request's order, and along its path. */
  readonly segments: readonly AllocatedSegment[]
}

/** What other VNets of the PIP hold. */
export interface Taken {
  readonly macs: ReadonlySet<string>
  readonly identifiers: ReadonlySet<number>
}

export const takenOf = (allocations: Iterable<Allocation>): Taken => {
  const macs = new Set<string>()
  const identifiers = new Set<number>()
  for (const { request, segments } of allocations) {
    for (const { interfaces } of request.nodes) for (const { mac } of interfaces) macs.add(mac)
    for (const { identifier } of segments) identifiers.add(identifier)
  }
  return { macs, identifiers }
}

export interface AllocateInput {
  /** Name of the VNet at this PIP, for instance "alice.shop". */
  readonly vnet: string
  readonly request: VNetRequest
  readonly embedding: Embedding
  /** The substrate or its graph: tells hosts on a path from fabrics and switches. */
  readonly substrate: { readonly nodes: readonly SubstrateNode[] }
  /** Of all other VNets, this one's own allocation left out. */
  readonly taken: Taken
  /** Of this VNet before a change: kept for objects that stay. */
  readonly previous?: Allocation | undefined
}

/**
 * Identifiers that the request left out. Equal input gives equal output. A link between interfaces without addresses gets a
 * /30 of the VNet's prefix, end a the lower address; without a prefix they stay without. Throws request.invalid where the
 * prefix has no room left, not-supported for a technology whose tunnels this version does not number.
 */
export const allocate = (input: AllocateInput): Allocation => {
  const request = fillIn(input.request)
  const macs = allocateMacs(input, request)
  const addresses = allocateAddresses(request, input.previous?.request)
  const fill = (node: string, one: Interface): Interface => {
    const key = keyOf(node, one.index)
    const given = addresses.get(key)
    return { ...one, mac: macs.get(key) ?? one.mac, addresses: given === undefined ? one.addresses : [given] }
  }
  return {
    request: {
      ...request,
      nodes: request.nodes.map((node) => ({ ...node, interfaces: node.interfaces.map((one) => fill(node.id, one)) })),
    },
    segments: allocateSegments(input, request),
  }
}

const keyOf = (node: string, index: number): string => `${node}.${index}`

const interfacesOf = (request: VNetRequest | undefined): ReadonlyMap<string, Interface> =>
  new Map(
    (request?.nodes ?? []).flatMap(({ id, interfaces }) =>
      interfaces.map((one) => [keyOf(id, one.index), one] as const),
    ),
  )

/** Of interfaces without one: what they had, else one derived from their name, so that a VNet made again has the same. */
const allocateMacs = ({ vnet, taken, previous }: AllocateInput, request: VNetRequest): ReadonlyMap<string, string> => {
  const interfaces = interfacesOf(request)
  const before = interfacesOf(previous?.request)
  const used = new Set(taken.macs)
  for (const { mac } of interfaces.values()) if (mac !== '') used.add(mac)
  const macs = new Map<string, string>()
  const give = (key: string, mac: string): void => {
    used.add(mac)
    macs.set(key, mac)
  }
  const open = [...interfaces].filter(([, { mac }]) => mac === '').map(([key]) => key)
  for (const key of open) {
    const had = before.get(key)?.mac ?? ''
    if (had !== '' && !used.has(had)) give(key, had)
  }
  for (const key of open) {
    if (macs.has(key)) continue
    for (let attempt = 0; !macs.has(key); attempt++) {
      const mac = macFrom(`${vnet}/${key}/${attempt}`)
      if (!used.has(mac)) give(key, mac)
    }
  }
  return macs
}

/** A locally administered address of one station (IEEE 802, 8.4): 02 and 40 bits of a hash. */
const macFrom = (name: string): string => {
  const digest = createHash('sha256').update(name).digest()
  return ['02', ...Array.from(digest.subarray(0, 5), (byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

/** CIDR by interface, of the links whose two ends were left without addresses. */
const allocateAddresses = (request: VNetRequest, previous: VNetRequest | undefined): ReadonlyMap<string, string> => {
  const addresses = new Map<string, string>()
  const prefix = parseCidr(request.prefix)
  if (prefix?.family !== 4) return addresses
  const interfaces = interfacesOf(request)
  const taken = [...interfaces.values()].flatMap((one) => one.addresses.flatMap((text) => parseCidr(text) ?? []))
  const bare = (key: string): boolean => interfaces.get(key)?.addresses.length === 0
  const open = request.links.map((link) => ({ link, ends: endsOf(link) })).filter(({ ends }) => ends.every(bare))
  const give = (ends: readonly string[], subnet: Cidr): void => {
    taken.push(subnet)
    for (const [i, key] of ends.entries())
      addresses.set(key, `${formatAddress(4, subnet.first + BigInt(i + 1))}/${linkPrefixLength}`)
  }
  const missing = open.filter(({ link, ends }) => {
    const kept = subnetBefore(link, previous, prefix)
    if (!kept || taken.some((other) => overlaps(other, kept))) return true
    give(ends, kept)
    return false
  })
  const free = freeLinkSubnets(prefix, [...taken])
  for (const { link, ends } of missing) {
    const next = free.next()
    if (next.done)
      throw new WeftError(
        'request.invalid',
        `the prefix ${request.prefix} has no /${linkPrefixLength} left for link ${link.id}`,
        {
          object: `link/${link.id}`,
          hint: 'a larger prefix, or addresses of its own',
        },
      )
    give(ends, next.value)
  }
  return addresses
}

const endsOf = ({ a, b }: Link): readonly string[] => [a, b].map((end) => (end ? keyOf(end.node, end.interface) : ''))

/** The subnet that a link between the same interfaces was given out of the same prefix. */
const subnetBefore = (link: Link, previous: VNetRequest | undefined, prefix: Cidr): Cidr | undefined => {
  const before = previous?.links.find(({ id }) => id === link.id)
  if (!before || endsOf(before).join() !== endsOf(link).join()) return undefined
  const interfaces = interfacesOf(previous)
  const [a, b] = endsOf(before).map((key) => {
    const addresses = interfaces.get(key)?.addresses ?? []
    return addresses.length === 1 ? parseCidr(addresses[0] as string) : undefined
  })
  const isOurs =
    a?.length === linkPrefixLength &&
    a.address === a.first + 1n &&
    b?.address === a.first + 2n &&
    a.first >= prefix.first &&
    a.last <= prefix.last
  return isOurs ? a : undefined
}

/** From the first that no other user of vxlan is likely to have; a VNI has 24 bits (RFC 7348, section 5). */
const firstVni = 4096
const lastVni = 2 ** 24 - 1

const allocateSegments = ({ embedding, substrate, taken, previous }: AllocateInput, request: VNetRequest) => {
  const before = new Map((previous?.segments ?? []).map((one) => [segmentKey(one), one.identifier]))
  const wanted = request.links.flatMap((link) => {
    const path = embedding.paths.get(link.id)
    const technology = technologyOf(link)
    return (path ? segmentsOf(substrate, path) : []).map(({ from, to }) => ({ link: link.id, from, to, technology }))
  })
  const used = new Set(taken.identifiers)
  const kept = wanted.map((segment) => {
    const had = before.get(segmentKey(segment))
    if (had === undefined || used.has(had)) return undefined
    used.add(had)
    return had
  })
  // Hosts may still have the tunnels of links that went: theirs are free only with the next version.
  for (const identifier of before.values()) used.add(identifier)
  let next = firstVni
  return wanted.map((segment, index): AllocatedSegment => {
    const had = kept[index]
    if (had !== undefined) return { ...segment, identifier: had }
    if (segment.technology !== 'vxlan')
      throw new WeftError('not-supported', `tunnels of ${segment.technology} are not numbered yet`, {
        object: `link/${segment.link}`,
        hint: 'technology "vxlan", or "any"',
      })
    while (used.has(next)) next++
    if (next > lastVni)
      throw new WeftError('admission.not-now', 'every VNI is taken', {
        object: `link/${segment.link}`,
        hint: 'remove VNets',
      })
    used.add(next)
    return { ...segment, identifier: next }
  })
}

/** The two hosts in either order: a tunnel is the same from both sides. */
const segmentKey = ({ link, from, to, technology }: Omit<AllocatedSegment, 'identifier'>): string =>
  [link, ...[from, to].sort(), technology].join('/')
