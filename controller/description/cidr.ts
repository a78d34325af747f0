/** Addresses with a prefix length, IPv4 and IPv6 (RFC 4632, RFC 4291), as intervals of integers. */
import { isIPv4, isIPv6 } from 'node:net'

export interface Cidr {
  readonly family: 4 | 6
  readonly address: bigint
  readonly length: number
  /** First and last address of the subnet. */
  readonly first: bigint
  readonly last: bigint
}

/** undefined where the text is no address/length. */
export const parseCidr = (text: string): Cidr | undefined => {
  const match = /^([0-9a-fA-F.:]{2,45})\/(0|[1-9][0-9]{0,2})$/.exec(text)
  if (!match) return undefined
  const [, host = '', lengthText = ''] = match
  const family = isIPv4(host) ? 4 : isIPv6(host) ? 6 : undefined
  if (!family) return undefined
  const bits = family === 4 ? 32 : 128
  const length = Number(lengthText)
  if (length > bits) return undefined
  const address = family === 4 ? parseIPv4(host) : parseIPv6(host)
  const hostBits = BigInt(bits - length)
  const first = (address >> hostBits) << hostBits
  return { family, address, length, first, last: first + (1n << hostBits) - 1n }
}

const parseIPv4 = (text: string): bigint => text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)

const parseIPv6 = (text: string): bigint => {
  const dotted = text.slice(text.lastIndexOf(':') + 1)
  let groups = text
  if (dotted.includes('.')) {
    const low = parseIPv4(dotted)
    groups = `${text.slice(0, -dotted.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  }
  const [head = '', tail] = groups.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

/** An address; IPv6 in full groups without leading zeros. */
export const formatAddress = (family: 4 | 6, address: bigint): string => {
  const size = family === 4 ? 8n : 16n
  const count = family === 4 ? 4 : 8
  const parts = Array.from({ length: count }, (_, i) => {
    const part = (address >> (size * BigInt(count - 1 - i))) & ((1n << size) - 1n)
    return family === 4 ? part.toString() : part.toString(16)
  })
  return parts.join(family === 4 ? '.' : ':')
}

/** The subnet, as text. */
export const formatSubnet = (cidr: Cidr): string => `${formatAddress(cidr.family, cidr.first)}/${cidr.length}`

export const sameSubnet = (a: Cidr, b: Cidr): boolean =>
  a.family === b.family && a.first === b.first && a.length === b.length

export const overlaps = (a: Cidr, b: Cidr): boolean => a.family === b.family && a.first <= b.last && b.first <= a.last

/** Why an address cannot be an interface's; undefined where it can. */
export const hostAddressProblem = (cidr: Cidr): string | undefined => {
  const { family, address, length, first, last } = cidr
  if (length === 0) return 'its prefix length is 0'
  if (family === 4) {
    if (length <= 30 && address === first) return 'it is the network address of its subnet'
    if (length <= 30 && address === last) return 'it is the broadcast address of its subnet'
    return ipv4Problem(address)
  }
  if (address >> 120n === 0xffn) return 'it is a multicast address'
  if (address === 0n) return 'it is the unspecified address'
  return address === 1n ? 'it is the loopback address' : undefined
}

const ipv4Problem = (address: bigint): string | undefined => {
  const top = address >> 24n
  if (top === 0n) return 'it is in 0.0.0.0/8'
  if (top === 127n) return 'it is in the loopback network 127.0.0.0/8'
  return top >= 224n ? 'it is not a unicast address' : undefined
}

/** Why a prefix cannot be a VNet's; undefined where it can. */
export const prefixProblem = (cidr: Cidr): string | undefined => {
  if (cidr.family !== 4) return 'it is not IPv4'
  if (cidr.length < 8) return 'it is shorter than /8'
  if (cidr.address !== cidr.first) return `it has host bits set: the subnet is ${formatSubnet(cidr)}`
  return ipv4Problem(cidr.first)
}

/** Prefix length of the subnet that a link without addresses gets. */
export const linkPrefixLength = 30

/**
 * Subnets of a prefix for links without addresses, in order, those left out that overlap one in `taken`: what a provider gives
 * out of a VNet's prefix. Lazy: take as many as there are links.
 */
export function* freeLinkSubnets(prefix: Cidr, taken: readonly Cidr[]): Generator<Cidr, void> {
  const size = 1n << BigInt(32 - linkPrefixLength)
  const sorted = taken.filter((t) => overlaps(t, prefix)).sort((a, b) => (a.first < b.first ? -1 : 1))
  let next = 0
  let first = prefix.first
  while (first + size - 1n <= prefix.last) {
    const last = first + size - 1n
    while (next < sorted.length && (sorted[next] as Cidr).last < first) next++
    const obstacle = sorted[next]
    if (obstacle && obstacle.first <= last) {
      first = (obstacle.last / size + 1n) * size
      continue
    }
    yield { family: 4, address: first, length: linkPrefixLength, first, last }
    first += size
  }
}
