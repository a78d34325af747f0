/** Packets of tunnels as they are on the wire, made and known by hand: what a test compares the data paths with. */
import { qinqTags, type TechnologyName, technologies } from '../../../../proto/technologies.ts'
import { parseIp } from '../../../netlink/codec/address.ts'
import { concat, type Ether, ethernet, ip4, protocol, tagged, types, udp } from './packets.ts'

/** Where a segment goes, and what tells it apart. */
export interface Outer {
  readonly technology: TechnologyName
  readonly identifier: number
  /** Outer addresses; without meaning where the technology has none. */
  readonly from: string
  readonly to: string
}

const vxlanPort = 4789
const bytes4 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff])
const bytes3 = (value: number): Buffer => bytes4(value).subarray(1)
const tags = { service: 0x88a8, customer: 0x8100 } as const
/** Label, end of stack, TTL 64. */
const labelEntry = (label: number): Buffer => bytes4(((label << 12) | 0x100 | 64) >>> 0)
/** Key present; the payload is Ethernet. */
const greHeader = Buffer.from('20006558', 'hex')
const etherIpHeader = Buffer.from('3000', 'hex')

/** A guest's frame within the tunnel; `ether` are the addresses of the underlay's frame, those of the guest's where the technology has no others. */
export const encapsulate = ({ technology, identifier, from, to }: Outer, frame: Buffer, ether: Ether): Buffer => {
  const over = (next: number, payload: Uint8Array) => ethernet(ether, types.ip4, ip4({ from, to, next }, payload))
  switch (technology) {
    case 'vxlan':
      return over(protocol.udp, udp(50_000, vxlanPort, concat(8, 0, 0, 0, bytes3(identifier), 0, frame)))
    case 'gre':
      return over(protocol.gre, concat(greHeader, bytes4(identifier), frame))
    case 'etherip':
      return over(protocol.etherIp, concat(etherIpHeader, frame))
    case 'ipip':
      return over(protocol.ipip, frame.subarray(14))
    case 'vlan':
      return tagged(frame, identifier, tags.customer)
    case 'qinq': {
      const { service, customer } = qinqTags(identifier)
      return tagged(tagged(frame, customer, tags.customer), service, tags.service)
    }
    case 'mpls':
      return ethernet(ether, types.mpls, concat(labelEntry(identifier), frame))
  }
}

/** Whether a frame of the underlay is of the segment, in either direction. */
export const isWithin = (frame: Buffer, { technology, identifier, from, to }: Outer): boolean => {
  const type = frame.readUInt16BE(12)
  const holds = (at: number, expected: Uint8Array): boolean => frame.subarray(at, at + expected.length).equals(expected)
  if (technology === 'mpls') return type === types.mpls && frame.readUInt32BE(14) >>> 12 === identifier
  const idAt = (at: number): number => frame.readUInt16BE(at) & 0xfff
  if (technology === 'vlan') return type === tags.customer && idAt(14) === identifier
  if (technology === 'qinq') {
    const { service, customer } = qinqTags(identifier)
    return (
      type === tags.service && idAt(14) === service && frame.readUInt16BE(16) === tags.customer && idAt(18) === customer
    )
  }
  if (type !== types.ip4) return false
  const [one, other] = [parseIp(from), parseIp(to)]
  if (!holds(26, concat(one, other)) && !holds(26, concat(other, one))) return false
  const next = frame.readUInt8(23)
  if (technology === 'vxlan') {
    return next === protocol.udp && frame.readUInt16BE(36) === vxlanPort && holds(46, bytes3(identifier))
  }
  if (technology === 'gre') return next === protocol.gre && holds(34, concat(greHeader, bytes4(identifier)))
  return next === (technology === 'etherip' ? protocol.etherIp : protocol.ipip)
}

/** Whether the technology has outer IP addresses. */
export const hasOuterAddresses = (technology: TechnologyName): boolean => technologies[technology].crosses
