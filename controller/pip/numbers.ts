/**
 * What a new segment could be given, in the order in which it is tried: identifiers of its technology, or pairs of addresses.
 */
import type { SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { qinqIdentifier, qinqTags, type TechnologyName, technologies } from '../../proto/technologies.ts'
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

/** The least number of at least `from` that may be free. */
export type NextFree = (from: number) => number

function* identifiersFrom(first: number, last: number, next: NextFree): Generator<Numbers, void> {
  for (let identifier = next(first); identifier <= last; identifier = next(identifier + 1)) yield { identifier }
}

function* tagPairs(next: NextFree): Generator<Numbers, void> {
  const last = technologies.vlan.identifier?.greatest ?? 4094
  const [first, end] = [firstService, last].map((service) => qinqIdentifier({ service, customer: 1 }))
  for (const numbers of identifiersFrom(first as number, (end as number) + last - 1, next)) {
    const { customer } = qinqTags(numbers.identifier)
    if (customer >= 1 && customer <= last) yield numbers
  }
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

/** All that a segment of the technology between two hosts could be given, without what `next` leaves out; equal input gives equal order. */
export const numbersOf = (
  technology: TechnologyName,
  hosts: Ends<Pick<SubstrateNode, 'tunnelPrefix'> | undefined>,
  next: NextFree = (from) => from,
): Iterator<Numbers, void> => {
  switch (technology) {
    case 'etherip':
    case 'ipip':
      return addressPairs({ from: hosts.from?.tunnelPrefix ?? '', to: hosts.to?.tunnelPrefix ?? '' })
    case 'qinq':
      return tagPairs(next)
    default:
      return identifiersFrom(firstIdentifiers[technology], technologies[technology].identifier?.greatest ?? 0, next)
  }
}
