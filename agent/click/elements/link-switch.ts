/**
 * LinkSwitch. One look at a hash map for each packet that may be of a link; all else pays a few comparisons. What is sent goes through the queueing
 * discipline of its interface, but to a PEER. Not in XDP, where a guest's packets would be lost (`docs/click.md`), nor for copies.
 */
import { linkSwitch as of } from '../../../click/elements/link-switch.ts'
import { add, atomicAdd, call, jeq, jne, jump, label, ldMapFd, ldx, mov, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { dropFront } from '../compile/geometry.ts'
import { bounded } from '../compile/linear.ts'
import { loadFrameLength, reach, reload, skb, unreached } from '../compile/packet.ts'
import { packetType } from '../compile/stack.ts'
import { addressBytes, addTagBytes, liftTag } from '../compile/tags.ts'
import { key, writeKey } from './tunnel/link-keys.ts'
import { keyLayout, kinds, linkHandlers, linksMap, putLink, valueLayout } from './tunnel/links.ts'
import { etherBytes } from './tunnel/outer.ts'

type Place = Pick<Site, 'packet' | 'at' | 'dropLabel' | 'newLabel' | 'finish'>

/** Takes r9 bytes off; a tag of the guest's own is lifted out of the frame, which is then known for what it is. */
const open = ({ packet, newLabel }: Place, failed: string, opened: string): Code => {
  const ethernet = newLabel('ethernet')
  const words = [0, 4, 8, 12].map((at) => ({ at, size: at === 12 ? ('u16' as const) : ('u32' as const) }))
  return [
    mov('r2', 'r9'),
    dropFront(packet, failed).code,
    ldx('u32', 'r0', 'r10', key + keyLayout.kind),
    jne('r0', kinds.ipip, ethernet),
    reach(unreached(packet), etherBytes, failed, newLabel).code,
    words.map(({ at, size }) => [ldx(size, 'r0', 'r8', valueLayout.ether + at), stx(size, 'r7', at, 'r0')]),
    jump(opened),
    label(ethernet),
    liftTag({ ...unreached(packet), tagBeside: false }, failed, newLabel, true).code,
    jump(opened),
  ]
}

/** Takes one tag off, or two; the kernel lifts the guest's own that follows. */
const untag = ({ packet, newLabel }: Place, failed: string, opened: string): Code => {
  const pop: Code = [mov('r1', 'r6'), call('skbVlanPop'), jne('r0', 0, failed)]
  const popped = newLabel('popped')
  return [
    pop,
    ldx('u32', 'r0', 'r10', key + keyLayout.kind),
    jne('r0', kinds.qinq, popped),
    pop,
    jump(popped),
    label(popped),
    reload(packet),
    jump(opened),
  ]
}

/**
 * Where the entry at r8 says PEER: hands an IP packet of the guest's over at the other end of the pair (bpf_redirect_peer). The kernel looks at no Ethernet header
 * there: what is of another kind than it knows, for another address or with a tag goes the common way, on which it does. Loses r0 to r5.
 */
const handOver = ({ packet, newLabel, finish }: Place): Code => {
  const [own, common] = [newLabel('own'), newLabel('common')]
  const guest = [
    { at: 0, size: 'u32' },
    { at: 4, size: 'u16' },
  ] as const
  return [
    ldx('u32', 'r0', 'r8', valueLayout.peer),
    jeq('r0', 0, common),
    ldx('u32', 'r0', 'r6', skb.vlanPresent),
    jne('r0', 0, common),
    bounded(packet, 'r7', etherBytes, common),
    ldx('u16', 'r0', 'r7', addressBytes),
    ldx('u32', 'r1', 'r6', skb.protocol),
    jne('r0', 'r1', common),
    guest.map(({ at, size }) => [
      ldx(size, 'r0', 'r7', at),
      ldx(size, 'r1', 'r8', valueLayout.ether + at),
      jne('r0', 'r1', common),
    ]),
    // As it came it may have been for others: a frame out of a VLAN has no address of the host's.
    ldx('u32', 'r0', 'r6', skb.packetType),
    jeq('r0', packetType.host, own),
    mov('r1', 'r6'),
    mov('r2', packetType.host),
    call('skbChangeType'),
    jump(own),
    label(own),
    ldx('u32', 'r1', 'r8', valueLayout.device),
    mov('r2', 0),
    call('redirectPeer'),
    finish(),
    label(common),
  ]
}

/** For the entry at r8: takes off what is of its link, r9 bytes or tags, and sends what is left. */
const send = (place: Place): Code => {
  const { packet, at, dropLabel, newLabel, finish } = place
  const failed = dropLabel(unreached(packet))
  const [isTagged, opened] = [newLabel('is_tagged'), newLabel('opened')]
  return [
    jeq('r9', 0, isTagged),
    open(place, failed, opened),
    label(opened),
    mov('r0', 1),
    atomicAdd('u64', 'r8', valueLayout.packets, 'r0'),
    loadFrameLength('r0', packet),
    addTagBytes('r0', packet),
    atomicAdd('u64', 'r8', valueLayout.byteCount, 'r0'),
    at.direction === 'ingress' ? handOver(place) : [],
    ldx('u32', 'r1', 'r8', valueLayout.device),
    mov('r2', 0),
    call('redirect'),
    finish(),
    label(isTagged),
    untag(place, failed, opened),
  ]
}

export const linkSwitch = compileElement(of, {
  maps: () => ({ links: linksMap }),
  start: (state, { list }) => {
    for (const entry of list) putLink(state, entry, true)
  },
  settings: ['links'],
  compile: (site) => {
    const { isCopy, dropLabel, outputLabel, newLabel, map, refuse } = site
    if (site.packet.hook === 'xdp') return refuse('a switch of links, in XDP,')
    if (isCopy) return refuse('a switch of links for a copy of a packet')
    if (site.packet.offset !== 0)
      return refuse('a switch of links for a packet that something was taken off or put before')
    const { code: lift, packet } = liftTag(site.packet, dropLabel(site.packet), newLabel)
    const place = { ...site, packet }
    const other = outputLabel(0, unreached(packet))
    const found = newLabel('found')
    return [
      lift,
      writeKey(place, other, found),
      label(found),
      ldMapFd('r1', map('links')),
      mov('r2', 'r10'),
      add('r2', key),
      call('mapLookupElem'),
      jeq('r0', 0, other),
      mov('r8', 'r0'),
      send(place),
    ]
  },
  modifies: true,
  takesTag: true,
  handlers: linkHandlers,
})
