/** Where a packet enters: the frame as it was on the wire, its annotations empty. */
import { jne, jset, jump, label, ldx, mov, mov32, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { Moved } from './geometry.ts'
import { passToHost } from './host.ts'
import { type NewLabel, type Packet, reach, reload, skb } from './packet.ts'
import { clearAnnotations, packetType, packetTypeSlot } from './stack.ts'
import { insertTags } from './tags.ts'

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
      packet.hook === 'tc' && !packet.tagBeside
        ? insertTags(packet, drop, newLabel, asked.moved ? 'as it came' : 'unread').code
        : [],
      reached.code,
      asked.packetType ? setPacketType(newLabel) : [],
    ],
    packet: reached.packet,
  }
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
