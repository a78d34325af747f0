/** Frames header by header, as a guest might forge them: checksums of IPv4 are right, those of transports are not made. */

import { checksum } from '../../../click/test/support/packets.ts'
import { parseIp, parseMac } from '../../../netlink/codec/address.ts'

const word = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff])

export const concat = (...parts: readonly (Uint8Array | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)))

export interface Ether {
  readonly from: string
  readonly to: string
}

/** Filled up to the least length of a frame. */
export const ethernet = ({ from, to }: Ether, type: number, payload: Uint8Array): Buffer => {
  const frame = concat(parseMac(to), parseMac(from), word(type), payload)
  return concat(frame, Buffer.alloc(Math.max(0, 60 - frame.length)))
}

/** Puts a VLAN tag behind the addresses of a frame. */
export const tagged = (frame: Uint8Array, id: number, type = 0x8100): Buffer =>
  concat(frame.subarray(0, 12), word(type), word(id), frame.subarray(12))

export interface Ip {
  readonly from: string
  readonly to: string
  /** Protocol, or next header. */
  readonly next: number
  /** IPv4: flags and offset in eights. */
  readonly fragment?: number
  /** IPv4: as many words as they fill. */
  readonly options?: Uint8Array
  /** 64 without it. */
  readonly hops?: number
}

export const protocol = {
  hopByHop: 0,
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ip6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  icmp6: 58,
  destination: 60,
  etherIp: 97,
} as const

export const ip4 = (
  { from, to, next, fragment = 0, options = Buffer.alloc(0), hops = 64 }: Ip,
  payload: Uint8Array,
): Buffer => {
  const header = concat(
    0x45 + options.length / 4,
    0,
    word(20 + options.length + payload.length),
    word(1),
    word(fragment),
    hops,
    next,
    0,
    0,
    parseIp(from),
    parseIp(to),
    options,
  )
  header.writeUInt16BE(checksum(header), 10)
  return concat(header, payload)
}

export const ip6 = ({ from, to, next, hops = 64 }: Ip, payload: Uint8Array): Buffer =>
  concat(0x60, 0, 0, 0, word(payload.length), next, hops, parseIp(from), parseIp(to), payload)

/** An extension header of eight bytes that says what comes next: padding, or what `rest` has. */
export const extension = (next: number, payload: Uint8Array, rest: readonly number[] = [0, 1, 4, 0, 0, 0, 0]): Buffer =>
  concat(next, Buffer.from(rest), payload)

/** Of eight bytes; `offset` in eights. */
export const fragment6 = (next: number, payload: Uint8Array, offset = 0, more = true): Buffer =>
  concat(next, 0, word((offset << 3) | (more ? 1 : 0)), 0, 0, 0, 7, payload)

/** Without a checksum, which IPv4 allows. */
export const udp = (from: number, to: number, payload: Uint8Array = Buffer.alloc(8)): Buffer =>
  concat(word(from), word(to), word(8 + payload.length), word(0), payload)

export const tcp = (from: number, to: number): Buffer =>
  concat(word(from), word(to), Buffer.alloc(8), 0x50, 2, Buffer.alloc(6))

/** Type, code, checksum and four bytes; then what follows them. */
export const icmp = (type: number, rest: Uint8Array = Buffer.alloc(8)): Buffer => {
  const message = concat(type, 0, word(0), Buffer.alloc(4), rest)
  message.writeUInt16BE(checksum(message), 2)
  return message
}

export interface Arp {
  readonly operation: 1 | 2
  readonly sender: { readonly mac: string; readonly address: string }
  readonly target: string
}

export const arp = ({ operation, sender, target }: Arp): Buffer =>
  concat(
    word(1),
    word(0x0800),
    6,
    4,
    word(operation),
    parseMac(sender.mac),
    parseIp(sender.address),
    Buffer.alloc(6),
    parseIp(target),
  )

export const types = { ip4: 0x0800, arp: 0x0806, ip6: 0x86dd, mpls: 0x8847, experimental: 0x88b5 } as const
