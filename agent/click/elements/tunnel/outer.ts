/** The outer IP header of a tunnel: written, and looked at. It has no options, and is never fragmented. */
import { add, and, be, jne, jset, ldx, mov, st, stx, xor } from '../../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded, writeBytes } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import type { Site } from '../../compile/element.ts'
import { loadLength, type Packet, reach, unreached } from '../../compile/packet.ts'
import { annotationSlot } from '../../compile/stack.ts'
import { pushTunnel, type Tunnel } from '../../compile/tunnel.ts'

export const ipBytes = 20
export const etherBytes = 14
export const protocols = { ipip: 4, udp: 17, gre: 47, etherIp: 97 } as const

export interface Outer {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  readonly ttl: number
}

type EncapPlace = Pick<Site, 'packet' | 'isCopy' | 'resizedAfter' | 'output' | 'dropLabel' | 'newLabel'>

/** Puts the outer header and `header` before the packet; `finish` writes what of the latter is not known before, at the place that it is given. */
export const encapsulate = (
  site: EncapPlace,
  outer: Outer,
  tunnel: Pick<Tunnel, 'kind' | 'carries'>,
  header: readonly number[],
  finish: (packet: Packet, at: number) => Code = () => [],
): Code => {
  const { packet, output, dropLabel } = site
  const failed = dropLabel(unreached(packet))
  const pushed = pushTunnel(packet, { ...tunnel, bytes: ipBytes + header.length }, site, failed)
  const at = pushed.packet.offset
  const ip = ipHeader(outer)
  return [
    pushed.code,
    writeBytes(at, [...ip, ...header]),
    loadLength('r0', pushed.packet),
    and('r0', 0xffff),
    mov('r3', sumOf(ip)),
    add('r3', 'r0'),
    be('r0', 16),
    stx('u16', 'r7', at + 2, 'r0'),
    fold('r3'),
    xor('r3', 0xffff),
    be('r3', 16),
    stx('u16', 'r7', at + 10, 'r3'),
    st('u32', 'r10', annotationSlot(0), loaded(bytes32(outer.destination))),
    finish(pushed.packet, at + ipBytes),
    output(0, { ...pushed.packet, network: at }),
  ]
}

/** Without length and checksum. With "don't fragment" an identification says nothing (RFC 6864). */
const ipHeader = ({ source, destination, protocol, ttl }: Outer): readonly number[] => [
  ...[0x45, 0, 0, 0, 0, 0, 0x40, 0, ttl, protocol, 0, 0],
  ...bytes32(source),
  ...bytes32(destination),
]

const sumOf = (header: readonly number[]): number =>
  header.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0)

/** Goes to `other` unless the packet is whole, of that protocol, and has `bytes` bytes, which are reachable after. */
export const expectOuter = (
  { packet, newLabel }: Pick<Site, 'packet' | 'newLabel'>,
  protocol: number,
  bytes: number,
  other: string,
): { readonly code: Code; readonly packet: Packet } => {
  const reached = reach(packet, bytes, other, newLabel)
  const at = packet.offset
  return {
    code: [
      reached.code,
      ldx('u8', 'r0', 'r7', at),
      jne('r0', 0x45, other),
      ldx('u8', 'r0', 'r7', at + 9),
      jne('r0', protocol, other),
      ldx('u16', 'r0', 'r7', at + 6),
      // More fragments, or not the first one.
      jset('r0', loaded(bytes16(0x3fff)), other),
    ],
    packet: reached.packet,
  }
}

/** Without its first bytes: a frame, or a packet of which nothing is known. */
export const within = (packet: Packet, bytes: number, carries: Tunnel['carries']): Packet => {
  const offset = packet.offset + bytes
  return { ...packet, offset, network: undefined, mac: carries === 'ethernet' ? offset : undefined }
}
