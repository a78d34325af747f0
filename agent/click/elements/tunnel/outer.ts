/** The outer IP header of a tunnel: written, and looked at. It has no options, and is never fragmented. */
import { jne, jset, ldx } from '../../../ebpf/asm/asm.ts'
import { bytes16, loaded, writeBytes } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import type { Site } from '../../compile/element.ts'
import { type Packet, reach, unreached } from '../../compile/packet.ts'
import { pushTunnel, type Tunnel } from '../../compile/tunnel.ts'
import { type IpHeader, ipBytes, writeIpHeader } from './ip-header.ts'

export const etherBytes = 14
export const protocols = { ipip: 4, udp: 17, gre: 47, etherIp: 97 } as const

export type Outer = Pick<IpHeader, 'source' | 'protocol' | 'ttl'> & { readonly destination: number }

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
  return [
    pushed.code,
    writeIpHeader(pushed.packet, { ...outer, dontFragment: true }),
    writeBytes(at + ipBytes, header),
    finish(pushed.packet, at + ipBytes),
    output(0, { ...pushed.packet, network: at }),
  ]
}

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
