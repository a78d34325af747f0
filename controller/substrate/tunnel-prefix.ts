/**
 * The IPv4 prefix that a host has for tunnels which addresses alone tell apart (etherip, ipip): no interface has an address of it, the agent
 * takes packets to it off the NIC.
 */
import type { HostInventory } from '../../proto/generated/weft.v1.ts'
import { type Cidr, formatAddress, formatSubnet, parseCidr, prefixProblem } from '../description/cidr.ts'

/** undefined for '' and what is no prefix. */
export const parseTunnelPrefix = (text: string): Cidr | undefined => {
  const cidr = parseCidr(text)
  return cidr && prefixProblem(cidr) === undefined ? cidr : undefined
}

/** Why a text is no tunnel prefix; undefined where it is one. */
export const tunnelPrefixProblem = (text: string): string | undefined => {
  const cidr = parseCidr(text)
  return cidr ? prefixProblem(cidr) : 'it is no address/length'
}

/** What routers take for the subnet itself and for its broadcast is left out, where there are such (RFC 3021, section 2.1). */
const isPointToPoint = ({ length }: Cidr): boolean => length >= 31

export const countTunnelAddresses = (prefix: Cidr): number =>
  Number(prefix.last - prefix.first) + 1 - (isPointToPoint(prefix) ? 0 : 2)

/** The address of an index from 0, below countTunnelAddresses. */
export const tunnelAddress = (prefix: Cidr, index: number): string =>
  formatAddress(4, prefix.first + BigInt(index) + (isPointToPoint(prefix) ? 0n : 1n))

export const isInPrefix = (prefix: Cidr, address: string): boolean => {
  const host = parseCidr(`${address}/32`)
  return host?.family === 4 && host.address >= prefix.first && host.address <= prefix.last
}

/** An address of a NIC that is in the prefix, with where it is, for instance "192.0.2.1 of h1/eth1"; undefined where there is none. */
export const addressInPrefix = (prefix: string, inventories: Iterable<HostInventory>): string | undefined => {
  const cidr = parseTunnelPrefix(prefix)
  if (!cidr) return undefined
  for (const { host, nics } of inventories)
    for (const { name, addresses } of nics)
      for (const text of addresses) {
        const address = text.split('/')[0] as string
        if (isInPrefix(cidr, address)) return `${address} of ${host}/${name}`
      }
  return undefined
}

/** The hosts of a substrate by their prefixes: for each whose prefix overlaps one before it, that one. */
export const overlappingPrefixes = (
  hosts: readonly { readonly id: string; readonly tunnelPrefix: string }[],
): ReadonlyMap<string, { readonly id: string; readonly subnet: string }> => {
  const sorted = hosts
    .flatMap(({ id, tunnelPrefix }, order) => {
      const cidr = parseTunnelPrefix(tunnelPrefix)
      return cidr ? [{ id, cidr, order }] : []
    })
    .sort((a, b) =>
      a.cidr.first < b.cidr.first ? -1 : a.cidr.first > b.cidr.first ? 1 : a.cidr.length - b.cidr.length,
    )
  const found = new Map<string, { readonly id: string; readonly subnet: string }>()
  // Prefixes nest or are apart: the one that reaches furthest so far is the one that the next may lie in.
  let furthest = sorted[0]
  for (const each of sorted.slice(1)) {
    if (furthest && each.cidr.first <= furthest.cidr.last) {
      const [former, latter] = furthest.order < each.order ? [furthest, each] : [each, furthest]
      found.set(latter.id, { id: former.id, subnet: formatSubnet(former.cidr) })
    }
    if (!furthest || each.cidr.last > furthest.cidr.last) furthest = each
  }
  return found
}
