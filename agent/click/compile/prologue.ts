/** Where a packet enters: the frame as it was on the wire, its annotations empty. */
import { be, call, jeq, jne, jset, jump, label, ldx, mov, mov32, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { type Moved, pushFront } from './geometry.ts'
import { passToHost } from './host.ts'
import { type NewLabel, type Packet, reach, reload, skb, unreached } from './packet.ts'
import { clearAnnotations, packetType, packetTypeSlot, scratch } from './stack.ts'

/** The kernel takes VLAN tags off a frame on its way in; a packet with more of them than this is dropped. */
const mostTags = 4

/** What is shorter came over no Ethernet; all of a header is needed by nearly every element that comes first. */
const headerBytes = 14

/** What of a packet's beginnings anything asks for. */
export interface Asked {
  /** Packets come here too that were sent to the host by this router. */
  readonly receivesForHost: boolean
  /** Whether the frame has moved. */
  readonly moved: boolean
  /** How many bytes were put before the frame. */
  readonly grown: boolean
  readonly packetType: boolean
}

/** Elements begin with what is known of the packet then. */
export const prologue = (packet: Packet, drop: string, newLabel: NewLabel, asked: Asked): Moved => {
  const reached = reach(packet, headerBytes, drop, newLabel)
  return {
    code: [
      mov('r6', 'r1'),
      packet.hook === 'tc'
        ? [
            asked.receivesForHost ? passToHost(newLabel) : [],
            asked.moved || asked.grown ? mov('r0', 0) : [],
            asked.moved ? stx('u32', 'r6', skb.moved, 'r0') : [],
            asked.grown ? stx('u32', 'r6', skb.grown, 'r0') : [],
          ]
        : [],
      clearAnnotations,
      reload(packet),
      // An XDP program sees frames as they are on the wire.
      packet.hook === 'tc' ? insertTags(packet, drop, newLabel) : [],
      reached.code,
      asked.packetType ? setPacketType(newLabel) : [],
    ],
    packet: reached.packet,
  }
}

/**
 * Puts the VLAN tags that the kernel holds beside the frame back into it. Taking one makes the kernel take the next one off the frame, so
 * they are all taken first.
 */
const insertTags = (packet: Packet, drop: string, newLabel: NewLabel): Code => {
  const untagged = newLabel('untagged')
  const written = Array.from({ length: mostTags }, (_, i) => newLabel(`tags_${i + 1}`))
  const take = written.map(
    (write, i): Code => [
      ldx('u32', 'r1', 'r6', skb.vlanProtocol),
      stx('u16', 'r10', scratch.at + 4 * i, 'r1'),
      ldx('u32', 'r1', 'r6', skb.vlanTci),
      // Written in the order of the network.
      be('r1', 16),
      stx('u16', 'r10', scratch.at + 4 * i + 2, 'r1'),
      mov('r1', 'r6'),
      call('skbVlanPop'),
      reload(packet),
      jne('r0', 0, drop),
      ldx('u32', 'r1', 'r6', skb.vlanPresent),
      jeq('r1', 0, write),
    ],
  )
  const write = written.map((at, i): Code => {
    const bytes = 4 * (i + 1)
    const { code: grow, packet: grown } = pushFront(packet, bytes, drop)
    const { code: touch } = reach(unreached(grown), bytes + 12, drop, newLabel)
    const addresses = [0, 4, 8].map((k) => [ldx('u32', 'r0', 'r7', bytes + k), stx('u32', 'r7', k, 'r0')])
    const tags = written
      .slice(0, i + 1)
      .map((_, k) => [ldx('u32', 'r0', 'r10', scratch.at + 4 * k), stx('u32', 'r7', 12 + 4 * k, 'r0')])
    return [label(at), grow, touch, addresses, tags, jump(untagged)]
  })
  return [ldx('u32', 'r1', 'r6', skb.vlanPresent), jeq('r1', 0, untagged), take, jump(drop), write, label(untagged)]
}

/** From the destination address alone, which is reachable: the interface may be promiscuous, whose address counts is for the configuration to say. */
const setPacketType = (newLabel: NewLabel): Code => {
  const set = newLabel('type_set')
  const group = newLabel('group')
  return [
    mov('r2', packetType.host),
    ldx('u8', 'r0', 'r7', 0),
    jset('r0', 1, group),
    jump(set),
    label(group),
    mov('r2', packetType.multicast),
    ldx('u32', 'r0', 'r7', 0),
    mov32('r1', -1),
    jne('r0', 'r1', set),
    ldx('u16', 'r0', 'r7', 4),
    jne('r0', 0xffff, set),
    mov('r2', packetType.broadcast),
    jump(set),
    label(set),
    stx('u64', 'r10', packetTypeSlot, 'r2'),
  ]
}
