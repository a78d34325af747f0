/** Addresses of links from the VNet's prefix, a /30 each. */
import { WeftError } from '../../proto/errors.ts'
import type { Link, VNetRequest } from '../../proto/generated/weft.v1.ts'
import {
  type Cidr,
  formatAddress,
  freeLinkSubnets,
  linkPrefixLength,
  overlaps,
  parseCidr,
} from '../description/cidr.ts'
import { interfacesOf, keyOf } from './interfaces.ts'

/** CIDR by interface, of the links whose two ends were left without addresses. */
export const allocateAddresses = (
  request: VNetRequest,
  previous: VNetRequest | undefined,
): ReadonlyMap<string, string> => {
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
