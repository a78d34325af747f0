/**
 * How the packets of a segment are told from all others at the NIC that they leave by. One and the same for both data paths: a tunnel of the
 * kernel and a Click router send the same packets.
 *
 * Packets of IP are found by filters: one tells a technology from all else and leads into a hash table of 256 buckets, so that a packet meets
 * 1/256 of the segments. Offsets count from the outer IP header, which never has options here:
 *
 *     vxlan    9 protocol (17 UDP) | 22 destination port (4789) | 32 VNI (24 bits) and a zero byte     RFC 7348
 *     gre      9 protocol (47) | 20 key present, Ethernet inside | 24 key                              RFC 2784, 2890, 7637
 *     etherip  9 protocol (97) | 12 source | 16 destination                                            RFC 3378
 *     ipip     9 protocol (4) | 12 source | 16 destination                                             RFC 2003
 *
 * Frames of vlan, qinq and mpls say it themselves: whoever makes them writes the class into the priority of the packet (skb->priority), which
 * htb takes where it is one of its classes (htb_classify). No guest can: a packet's priority is cleared where it crosses from a guest to Dom0.
 */
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { qinqTags, technologyNamed } from '../../../proto/technologies.ts'
import { parseIp } from '../../netlink/codec/address.ts'
import { type U32Key, u32Handle } from '../../netlink/traffic/u32.ts'

/** What tells a segment. A Segment is one. */
export type Flow = Pick<Segment, 'technology' | 'identifier' | 'local' | 'remote'>

export const flowOf = ({ technology, identifier, local, remote }: Flow): Flow => ({
  technology,
  identifier,
  local,
  remote,
})

/** IANA's port; the kernel's own default is another. */
export const vxlanPort = 4789

/** Filters of one technology. */
export interface Telling {
  /** Number of its hash table, from 1. */
  readonly table: number
  /** What all its packets have. */
  readonly common: readonly U32Key[]
  /** Byte that chooses the bucket. */
  readonly hash: { readonly offset: number; readonly mask: number }
  /** What the packets of one segment have beside it. */
  readonly keys: (flow: Flow) => readonly U32Key[]
}

const whole = 0xffff_ffff
const ipProtocol = (number: number): U32Key => ({ offset: 8, mask: 0x00ff_0000, value: number << 16 })
const addressAt = (offset: number, address: string): U32Key => ({
  offset,
  mask: whole,
  value: parseIp(address).readUInt32BE(),
})
const byAddresses = ({ local, remote }: Flow): readonly U32Key[] => [addressAt(12, local), addressAt(16, remote)]

export const tellings: Readonly<Record<string, Telling>> = {
  vxlan: {
    table: 1,
    common: [ipProtocol(17), { offset: 20, mask: 0x0000_ffff, value: vxlanPort }],
    hash: { offset: 32, mask: 0x0000_ff00 },
    keys: ({ identifier }) => [{ offset: 32, mask: 0xffff_ff00, value: (identifier << 8) >>> 0 }],
  },
  gre: {
    table: 2,
    common: [ipProtocol(47), { offset: 20, mask: whole, value: 0x2000_6558 }],
    hash: { offset: 24, mask: 0x0000_00ff },
    keys: ({ identifier }) => [{ offset: 24, mask: whole, value: identifier }],
  },
  etherip: { table: 3, common: [ipProtocol(97)], hash: { offset: 16, mask: 0x0000_00ff }, keys: byAddresses },
  ipip: { table: 4, common: [ipProtocol(4)], hash: { offset: 16, mask: 0x0000_00ff }, keys: byAddresses },
}

/** Whether packets of the technology are found by filters, and do not say their class themselves. */
export const isFiltered = (technology: string): boolean => tellings[technology] !== undefined

/** Where the filter of a segment hangs, and what it compares; undefined where it needs none. */
export const filterPlace = (flow: Flow): { readonly bucket: number; readonly keys: readonly U32Key[] } | undefined => {
  const telling = tellings[flow.technology]
  if (telling === undefined) return undefined
  const keys = telling.keys(flow)
  const { offset, mask } = telling.hash
  const word = keys.find((key) => key.offset === offset)?.value ?? 0
  const bucket = ((word & mask) >>> (mask === 0x0000_ff00 ? 8 : 0)) & 0xff
  return { bucket: u32Handle(telling.table, bucket), keys }
}

/** The same for two filters that find the same packets. */
export const formatKeys = (table: number, keys: readonly U32Key[]): string =>
  [table, ...keys.map(({ offset, mask, value }) => `${offset}/${mask >>> 0}/${value >>> 0}`)].join(' ')

/** The same for two flows that are one. */
export const flowKey = (flow: Flow): string => {
  const place = filterPlace(flow)
  return place === undefined ? `${flow.technology} ${flow.identifier}` : formatKeys(place.bucket >>> 20, place.keys)
}

/** For people: "VNI 7", "VLAN 100.200", "etherip 203.0.113.1 to 203.0.113.9". */
export const describeFlow = ({ technology, identifier, local, remote }: Flow): string => {
  if (technology === 'qinq') {
    const { service, customer } = qinqTags(identifier)
    return `VLAN ${service}.${customer}`
  }
  const name = technologyNamed(technology)?.identifier?.name
  return name === undefined ? `${technology} ${local} to ${remote}` : `${name} ${identifier}`
}
