/**
 * Packets that go to the host's own stack as if they had arrived at a device.
 *
 * A packet that came by that device is let pass; unless its kind of frame or where its headers begin is no longer what the kernel noted when it
 * came, or it is a copy: then it is sent to the device's ingress. There it meets a program again, which knows it by a mark that names its packet
 * type too, takes the mark off and lets it pass. That type stands whatever the Ethernet address says.
 *
 * A mark cannot come from elsewhere: the kernel takes it off at the border of a network namespace.
 */
import {
  and,
  and32,
  call,
  exit,
  jne,
  jne32,
  jump,
  label,
  ldx,
  mov,
  mov32,
  or32,
  type Program,
  stx,
} from '../../ebpf/asm/asm.ts'
import { type Code, flattenCode } from './code.ts'
import type { Site } from './element.ts'
import { dropFront } from './geometry.ts'
import { type NewLabel, type Packet, reach, skb, unreached } from './packet.ts'
import { packetType, packetTypeSlot } from './stack.ts'
import { liftTag } from './tags.ts'
import { verdict } from './verdict.ts'

/** Its two low bits are for the packet type. */
const mark = 0x7765_6868
const typeBits = 3
/** BPF_F_INGRESS */
const ingress = 1
const etherHeader = 14

type Place = Pick<Site, 'packet' | 'isCopy' | 'at' | 'device' | 'drop' | 'dropLabel' | 'finish' | 'newLabel' | 'refuse'>

/** Hands the frame, an Ethernet one, to the host; at `device`, or where it came by. */
export const toHost = (place: Place, device: string | undefined): Code => {
  const { packet, at, dropLabel } = place
  const own = at.direction === 'ingress' && (device === undefined || device === at.device)
  const front = packet.offset === 0 ? [] : [mov('r2', packet.offset), dropFront(packet, dropLabel(packet)).code]
  const frame = packet.offset === 0 ? packet : { ...unreached(packet), offset: 0 }
  if (packet.hook === 'xdp') {
    if (!own) return place.refuse('packets for the host at another device than the one that they came by, in XDP,')
    return [front, mov('r0', verdict.xdp.pass), place.finish()]
  }
  const index = place.device(device ?? at.device)
  const redirected = sendMarked(place, index)
  if (place.isCopy) return [front, redirected]
  const { code: lift, packet: whole } = liftTag(frame, dropLabel(unreached(packet)), place.newLabel, !own)
  return [front, lift, own ? passUnlessMoved(place, whole) : [], redirected]
}

const sendMarked = ({ packet, isCopy, drop, finish }: Place, index: number): Code => {
  const set = [ldx('u64', 'r1', 'r10', packetTypeSlot), or32('r1', mark), stx('u32', 'r6', skb.mark, 'r1')]
  if (!isCopy) return [set, mov('r1', index), mov('r2', ingress), call('redirect'), finish()]
  return [
    ldx('u32', 'r8', 'r6', skb.mark),
    set,
    mov('r1', 'r6'),
    mov('r2', index),
    mov('r3', ingress),
    call('cloneRedirect'),
    stx('u32', 'r6', skb.mark, 'r8'),
    drop(packet),
  ]
}

const passUnlessMoved = ({ finish, dropLabel, newLabel }: Place, packet: Packet): Code => {
  const moved = newLabel('moved')
  return [
    reach(packet, etherHeader, dropLabel(unreached(packet)), newLabel).code,
    ldx('u32', 'r0', 'r6', skb.moved),
    jne('r0', 0, moved),
    ldx('u16', 'r0', 'r7', 12),
    ldx('u32', 'r1', 'r6', skb.protocol),
    jne('r0', 'r1', moved),
    mov('r1', 'r6'),
    ldx('u64', 'r2', 'r10', packetTypeSlot),
    call('skbChangeType'),
    mov('r0', verdict.tc.pass),
    finish(),
    label(moved),
  ]
}

/** Where packets arrive that were sent to the host: lets them pass, others go on. Loses r0 to r3. */
export const passToHost = (newLabel: NewLabel): Code => {
  const others = newLabel('arrived')
  return [
    ldx('u32', 'r2', 'r6', skb.mark),
    mov32('r0', 'r2'),
    and32('r0', ~typeBits),
    jne32('r0', mark, others),
    and('r2', typeBits),
    mov('r3', 0),
    stx('u32', 'r6', skb.mark, 'r3'),
    mov('r1', 'r6'),
    call('skbChangeType'),
    mov('r0', verdict.tc.pass),
    exit(),
    label(others),
  ]
}

/**
 * The program at the ingress of a device that packets are sent to the host at and no FromDevice is attached to in this way. `always`: whatever
 * arrives was let pass by an XDP program, which cannot say that a packet is the host's own.
 */
export const hostEntry = (always: boolean): Program => {
  let labels = 0
  const own: Code = [
    ldx('u32', 'r0', 'r6', skb.packetType),
    jne('r0', packetType.otherHost, 'pass'),
    mov('r1', 'r6'),
    mov('r2', packetType.host),
    call('skbChangeType'),
  ]
  return flattenCode([
    mov('r6', 'r1'),
    passToHost((hint) => `${hint}_${labels++}`),
    always ? own : jump('pass'),
    label('pass'),
    mov('r0', verdict.tc.pass),
    exit(),
  ])
}
