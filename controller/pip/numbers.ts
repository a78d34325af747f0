/**
 * What a new segment could be given, in the order in which it is tried: identifiers of its technology, or pairs of addresses.
 */
import type { SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { qinqIdentifier, type TechnologyName, technologies } from '../../proto/technologies.ts'
import { countTunnelAddresses, parseTunnelPrefix, tunnelAddress } from '../substrate/tunnel-prefix.ts'
import type { AllocatedSegment, Ends } from './segments.ts'

/** The part of a segment that is chosen. */
export type Numbers = Pick<AllocatedSegment, 'identifier' | 'addresses'>

/**
 * The first identifiers: VNIs and keys that no other user is likely to have, VLAN ids without the one that switches have untagged (1), labels
 * that are not reserved.
 */
const firstIdentifiers = { vxlan: 4096, gre: 4096, vlan: 2, mpls: technologies.mpls.identifier?.least ?? 16 } as const
const firstService = 2

function* identifiersFrom(first: number, last: number): Generator<Numbers, void> {
  for (let identifier = first; identifier <= last; identifier++) yield { identifier }
}

function* tagPairs(): Generator<Numbers, void> {
  const last = technologies.vlan.identifier?.greatest ?? 4094
  for (let service = firstService; service <= last; service++)
    for (let customer = 1; customer <= last; customer++) yield { identifier: qinqIdentifier({ service, customer }) }
}

/** Every pair once, those first whose addresses no pair before has: an address alone then tells most links in a capture. */
function* addressPairs(prefixes: Ends<string>): Generator<Numbers, void> {
  const [here, there] = [parseTunnelPrefix(prefixes.from), parseTunnelPrefix(prefixes.to)]
  if (!here || !there) return
  // Of the two sides the larger is walked through, so that the first round has each of its addresses.
  const isFromLarger = countTunnelAddresses(here) >= countTunnelAddresses(there)
  const [larger, smaller] = isFromLarger ? [here, there] : [there, here]
  const [many, few] = [countTunnelAddresses(larger), countTunnelAddresses(smaller)]
  for (let shift = 0; shift < few; shift++)
    for (let index = 0; index < many; index++) {
      const pair = [tunnelAddress(larger, index), tunnelAddress(smaller, (index + shift) % few)] as const
      const [from, to] = isFromLarger ? pair : [pair[1], pair[0]]
      yield { identifier: 0, addresses: { from, to } }
    }
}

/** All that a segment of the technology between two hosts could be given; equal input gives equal order. */
export const numbersOf = (
  technology: TechnologyName,
  hosts: Ends<Pick<SubstrateNode, 'tunnelPrefix'> | undefined>,
): Iterator<Numbers, void> => {
  switch (technology) {
    case 'etherip':
    case 'ipip':
      return addressPairs({ from: hosts.from?.tunnelPrefix ?? '', to: hosts.to?.tunnelPrefix ?? '' })
    case 'qinq':
      return tagPairs()
    default:
      return identifiersFrom(firstIdentifiers[technology], technologies[technology].identifier?.greatest ?? 0)
  }
}
