/** By what a packet of an underlay interface tells its link: written to the stack, as a key of LinkSwitch's table. */
import {
  add,
  and,
  be,
  jeq,
  jgt,
  jlt,
  jne,
  jne32,
  jset,
  jump,
  label,
  ldx,
  lsh,
  mov,
  or,
  rsh,
  st,
  stx,
} from '../../../ebpf/asm/asm.ts'
import { bytes16, fold, loaded } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import type { Site } from '../../compile/element.ts'
import { loadFrameLength, type Packet, reach, skb, unreached } from '../../compile/packet.ts'
import { scratch } from '../../compile/stack.ts'
import { addressBytes, tagBytes, tagTypes } from '../../compile/tags.ts'
import { etherIpHeader } from './ether-ip.ts'
import { greHeader } from './gre.ts'
import { ipBytes } from './ip-header.ts'
import { keyLayout, kinds, vlanBits } from './links.ts'
import { entryBytes } from './mpls.ts'
import { etherBytes, protocols } from './outer.ts'

const types = { ip: 0x0800, mpls: 0x8847 } as const
const vxlanPort = 4789
const payload = etherBytes + ipBytes
const vlanMask = (1 << vlanBits) - 1
/** From r10: where the key is. */
export const key = scratch.at

type Place = Pick<Site, 'packet' | 'newLabel'>

/** In the key: what is not the packet's own. */
const setKey = (kind: number, identifier: Code): Code => [
  st('u32', 'r10', key + keyLayout.kind, kind),
  identifier,
  stx('u32', 'r10', key + keyLayout.identifier, 'r0'),
]

/** A tunnel's packet whose outer IP header is right: writes the key, and r9 = how many bytes come before the guest's frame. */
const readers = (place: Place, other: string, found: string): Readonly<Record<number, Code>> => {
  const need = (bytes: number): Code => reach(unreached(place.packet), bytes, other, place.newLabel).code
  const keyed = place.newLabel('keyed')
  const end = (bytes: number): Code => [mov('r9', bytes), jump(found)]
  const greBytes = payload + greHeader.bytes
  const greWord = (flags: number): number => loaded([...bytes16(flags), ...bytes16(greHeader.ethernet)])
  return {
    [protocols.udp]: [
      need(payload + 16 + etherBytes),
      ldx('u16', 'r0', 'r7', payload + 2),
      jne32('r0', loaded(bytes16(vxlanPort)), other),
      ldx('u32', 'r0', 'r7', payload + 8),
      jne32('r0', loaded([0x08, 0, 0, 0]), other),
      setKey(kinds.vxlan, [ldx('u32', 'r0', 'r7', payload + 12), and('r0', 0xff_ffff)]),
      end(payload + 16),
    ],
    [protocols.gre]: [
      need(greBytes + etherBytes),
      ldx('u32', 'r0', 'r7', payload),
      jeq('r0', greWord(greHeader.key), keyed),
      jne32('r0', greWord(0), other),
      setKey(kinds.gre, [mov('r0', 0)]),
      end(greBytes),
      label(keyed),
      need(greBytes + greHeader.keyBytes + etherBytes),
      setKey(kinds['gre with key'], [ldx('u32', 'r0', 'r7', greBytes)]),
      end(greBytes + greHeader.keyBytes),
    ],
    [protocols.etherIp]: [
      need(payload + etherIpHeader.length + etherBytes),
      ldx('u16', 'r0', 'r7', payload),
      jne32('r0', loaded(etherIpHeader), other),
      setKey(kinds.etherip, [mov('r0', 0)]),
      end(payload + etherIpHeader.length),
    ],
    [protocols.ipip]: [
      need(payload + ipBytes),
      ldx('u8', 'r0', 'r7', payload),
      rsh('r0', 4),
      jne('r0', 4, other),
      setKey(kinds.ipip, [mov('r0', 0)]),
      // What is left of the outer header has the place of an Ethernet header.
      end(ipBytes),
    ],
  }
}

/** Goes to `other` unless the IP header is right, without options and of no fragment, and the packet whole. */
const expectIp = (packet: Packet, other: string): Code => [
  ldx('u8', 'r0', 'r7', etherBytes),
  jne('r0', 0x45, other),
  ldx('u16', 'r0', 'r7', etherBytes + 6),
  // More fragments, or not the first one.
  jset('r0', loaded(bytes16(0x3fff)), other),
  ldx('u16', 'r0', 'r7', etherBytes + 2),
  be('r0', 16),
  jlt('r0', ipBytes, other),
  add('r0', etherBytes),
  loadFrameLength('r1', packet),
  jgt('r0', 'r1', other),
  mov('r3', 0),
  [0, 4, 8, 12, 16].map((at) => [ldx('u32', 'r0', 'r7', etherBytes + at), add('r3', 'r0')]),
  mov('r0', 'r3'),
  fold('r0'),
  jne('r0', 0xffff, other),
]

/** With a VLAN tag beside the frame. */
const tagged = (place: Place, other: string, found: string): Code => {
  const vlan = place.newLabel('vlan')
  return [
    mov('r9', 0),
    st('u64', 'r10', key + keyLayout.remote, 0),
    ldx('u32', 'r0', 'r6', skb.vlanTci),
    and('r0', vlanMask),
    ldx('u32', 'r1', 'r6', skb.vlanProtocol),
    jeq('r1', loaded(bytes16(tagTypes.customer)), vlan),
    jne('r1', loaded(bytes16(tagTypes.service)), other),
    mov('r8', 'r0'),
    reach(unreached(place.packet), etherBytes + tagBytes, other, place.newLabel).code,
    ldx('u16', 'r0', 'r7', addressBytes),
    jne('r0', loaded(bytes16(tagTypes.customer)), other),
    setKey(kinds.qinq, [
      ldx('u16', 'r0', 'r7', etherBytes),
      be('r0', 16),
      and('r0', vlanMask),
      lsh('r8', vlanBits),
      or('r0', 'r8'),
    ]),
    jump(found),
    label(vlan),
    setKey(kinds.vlan, []),
    jump(found),
  ]
}

/** With the label at the bottom of the stack. */
const labelled = (place: Place, other: string, found: string): Code => {
  const isBottom = place.newLabel('bottom')
  return [
    reach(unreached(place.packet), etherBytes + entryBytes + etherBytes, other, place.newLabel).code,
    ldx('u32', 'r0', 'r7', etherBytes),
    be('r0', 32),
    jset('r0', 1 << 8, isBottom),
    jump(other),
    label(isBottom),
    st('u64', 'r10', key + keyLayout.remote, 0),
    setKey(kinds.mpls, [rsh('r0', 12)]),
    mov('r9', etherBytes + entryBytes),
    jump(found),
  ]
}

/**
 * Goes to `found` with the key written and r9 = how many bytes come before the guest's frame (of vlan and qinq none), or to `other`. The packet is a
 * whole frame, its tag beside it. Loses r0 to r5 and r8.
 */
export const writeKey = (place: Place, other: string, found: string): Code => {
  const { packet, newLabel } = place
  const [isTagged, isIp, isMpls] = [newLabel('tagged'), newLabel('ip'), newLabel('mpls')]
  const tunnels = Object.entries(readers(place, other, found)).map(([protocol, code]) => ({
    protocol: Number(protocol),
    code,
    at: newLabel('tunnel'),
  }))
  const outer = [
    { from: 12, to: keyLayout.remote },
    { from: 16, to: keyLayout.local },
  ]
  return [
    ldx('u32', 'r0', 'r6', skb.vlanPresent),
    jne('r0', 0, isTagged),
    reach(packet, etherBytes + entryBytes, other, newLabel).code,
    ldx('u16', 'r0', 'r7', addressBytes),
    jeq('r0', loaded(bytes16(types.ip)), isIp),
    jeq('r0', loaded(bytes16(types.mpls)), isMpls),
    jump(other),
    label(isIp),
    reach(unreached(packet), payload, other, newLabel).code,
    ldx('u8', 'r8', 'r7', etherBytes + 9),
    tunnels.map(({ protocol, at }): Code => {
      const next = newLabel('next')
      return [jne('r8', protocol, next), jump(at), label(next)]
    }),
    jump(other),
    tunnels.map(({ at, code }) => [
      label(at),
      expectIp(packet, other),
      outer.map(({ from, to }) => [ldx('u32', 'r0', 'r7', etherBytes + from), stx('u32', 'r10', key + to, 'r0')]),
      code,
    ]),
    label(isMpls),
    labelled(place, other, found),
    label(isTagged),
    tagged(place, other, found),
  ]
}
