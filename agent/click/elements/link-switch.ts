/**
 * LinkSwitch. One look at a hash map for each packet that may be of a link; all else pays a few comparisons. What is sent goes through the queueing
 * discipline of its interface. Not in XDP, where a guest's packets would be lost (`docs/click.md`), nor for copies.
 */
import { linkSwitch as of } from '../../../click/elements/link-switch.ts'
import {
  add,
  and,
  atomicAdd,
  be,
  call,
  jeq,
  jgt,
  jlt,
  jne,
  jne32,
  jset,
  jump,
  label,
  ldMapFd,
  ldx,
  mov,
  rsh,
  st,
  stx,
} from '../../ebpf/asm/asm.ts'
import { bytes16, fold, loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { dropFront } from '../compile/geometry.ts'
import { loadFrameLength, type Packet, reach, unreached } from '../compile/packet.ts'
import { scratch } from '../compile/stack.ts'
import { etherIpHeader } from './tunnel/ether-ip.ts'
import { greHeader } from './tunnel/gre.ts'
import { keyLayout, kinds, linkHandlers, linksMap, putLink, valueLayout } from './tunnel/links.ts'
import { entryBytes } from './tunnel/mpls.ts'
import { etherBytes, ipBytes, protocols } from './tunnel/outer.ts'

const types = { ip: 0x0800, mpls: 0x8847 } as const
const vxlanPort = 4789
const payload = etherBytes + ipBytes
const key = scratch.at

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

/** For the entry at r8: takes r9 bytes off, and sends what is left. */
const send = ({
  packet,
  dropLabel,
  newLabel,
  finish,
}: Pick<Site, 'packet' | 'dropLabel' | 'newLabel' | 'finish'>): Code => {
  const failed = dropLabel(unreached(packet))
  const ready = newLabel('ready')
  const words = [0, 4, 8, 12].map((at) => ({ at, size: at === 12 ? ('u16' as const) : ('u32' as const) }))
  return [
    mov('r2', 'r9'),
    dropFront(packet, failed).code,
    ldx('u32', 'r0', 'r10', key + keyLayout.kind),
    jne('r0', kinds.ipip, ready),
    reach(unreached(packet), etherBytes, failed, newLabel).code,
    words.map(({ at, size }) => [ldx(size, 'r0', 'r8', valueLayout.ether + at), stx(size, 'r7', at, 'r0')]),
    jump(ready),
    label(ready),
    mov('r0', 1),
    atomicAdd('u64', 'r8', valueLayout.packets, 'r0'),
    loadFrameLength('r0', packet),
    atomicAdd('u64', 'r8', valueLayout.byteCount, 'r0'),
    ldx('u32', 'r1', 'r8', valueLayout.device),
    mov('r2', 0),
    call('redirect'),
    finish(),
  ]
}

export const linkSwitch = compileElement(of, {
  maps: () => ({ links: linksMap }),
  start: (state, { list }) => {
    for (const entry of list) putLink(state, entry, true)
  },
  settings: ['links'],
  compile: (site) => {
    const { packet, isCopy, outputLabel, newLabel, map, refuse } = site
    if (packet.hook === 'xdp') return refuse('a switch of links, in XDP,')
    if (isCopy) return refuse('a switch of links for a copy of a packet')
    if (packet.offset !== 0) return refuse('a switch of links for a packet that something was taken off or put before')
    const other = outputLabel(0, unreached(packet))
    const [isIp, isMpls, isBottom, found] = [newLabel('ip'), newLabel('mpls'), newLabel('bottom'), newLabel('found')]
    const tunnels = Object.entries(readers(site, other, found)).map(([protocol, code]) => ({
      protocol: Number(protocol),
      code,
      at: newLabel('tunnel'),
    }))
    return [
      reach(packet, etherBytes + entryBytes, other, newLabel).code,
      ldx('u16', 'r0', 'r7', etherBytes - 2),
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
        [
          [12, keyLayout.remote],
          [16, keyLayout.local],
        ].map(([from = 0, to = 0]) => [ldx('u32', 'r0', 'r7', etherBytes + from), stx('u32', 'r10', key + to, 'r0')]),
        code,
      ]),
      label(isMpls),
      reach(unreached(packet), etherBytes + entryBytes + etherBytes, other, newLabel).code,
      ldx('u32', 'r0', 'r7', etherBytes),
      be('r0', 32),
      jset('r0', 1 << 8, isBottom),
      jump(other),
      label(isBottom),
      st('u64', 'r10', key + keyLayout.remote, 0),
      setKey(kinds.mpls, [rsh('r0', 12)]),
      mov('r9', etherBytes + entryBytes),
      jump(found),
      label(found),
      ldMapFd('r1', map('links')),
      mov('r2', 'r10'),
      add('r2', key),
      call('mapLookupElem'),
      jeq('r0', 0, other),
      mov('r8', 'r0'),
      send(site),
    ]
  },
  modifies: true,
  handlers: linkHandlers,
})
