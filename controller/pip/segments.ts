/**
 * The tunnels of a VNet's links with what tells them apart from all others, as they are stored; and what each of them keeps others from
 * having.
 */
import type { SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { technologyNamed } from '../../proto/technologies.ts'
import { ethernetDomains } from '../substrate/components.ts'

/** Something of each of the two ends. */
export interface Ends<T> {
  readonly from: T
  readonly to: T
}

/** A tunnel between two consecutive hosts on a link's path, in the direction from the link's end a to its end b. */
export interface AllocatedSegment extends Ends<string> {
  readonly link: string
  readonly technology: string
  /** VNI, key, VLAN id, pair of VLAN ids, label (proto/technologies.ts); 0 of what its addresses tell apart. */
  readonly identifier: number
  /** Of etherip and ipip: the outer addresses, of the hosts' tunnel prefixes. */
  readonly addresses?: Ends<string>
  /** NICs that it leaves by; missing in what earlier versions stored, which is vxlan and needs none. */
  readonly nics?: Ends<string>
}

/** What tells a segment from others, as a text: two segments of a PIP that could meet never share one. */
export type Claim = string

/** Where a number tells segments apart; a claim on a number there is its name and the number. */
export type Space = string

export const claimOn = (space: Space, identifier: number): Claim => `${space} ${identifier}`

/** undefined: of a pair of addresses. */
export const readClaim = (claim: Claim): { readonly space: Space; readonly identifier: number } | undefined => {
  const end = claim.lastIndexOf(' ')
  const identifier = Number(claim.slice(end + 1))
  return Number.isInteger(identifier) ? { space: claim.slice(0, end), identifier } : undefined
}

interface Parts {
  readonly nodes: readonly SubstrateNode[]
  readonly links: readonly SubstrateLink[]
}

/**
 * The spaces of a segment's number on the substrate as it is declared now: of vlan and qinq where its NICs are, a tag being a tag to everyone
 * on the Ethernet; of others the whole PIP.
 */
export const spacesOn = (
  substrate: Parts,
): ((segment: Pick<AllocatedSegment, 'technology' | 'from' | 'to' | 'nics'>) => readonly Space[]) => {
  const domains = ethernetDomains(substrate)
  // A NIC that is declared no more is a domain by itself: nothing new goes there.
  const domainOf = (host: string, nic = ''): string => domains.get(`${host}/${nic}`) ?? `${host}/${nic}`
  return ({ technology, from, to, nics }) => {
    if (technologyNamed(technology)?.crosses !== false || technology === 'mpls') return [technology]
    const both = [domainOf(from, nics?.from), domainOf(to, nics?.to)]
    return [...new Set(both)].map((domain) => `${technology} at ${domain}`)
  }
}

export const claimsOn = (substrate: Parts): ((segment: AllocatedSegment) => readonly Claim[]) => {
  const spacesOf = spacesOn(substrate)
  return (segment) => {
    const { identifier, addresses } = segment
    // One pair is one segment, of whichever technology: hosts' filters look at the addresses alone.
    if (addresses) return [`addresses ${[addresses.from, addresses.to].sort().join(' ')}`]
    return spacesOf(segment).map((space) => claimOn(space, identifier))
  }
}

/** The two hosts in either order: a tunnel is the same from both sides. */
export const segmentKey = ({
  link,
  from,
  to,
  technology,
}: Pick<AllocatedSegment, 'link' | 'from' | 'to' | 'technology'>): string =>
  [link, ...[from, to].sort(), technology].join('/')
