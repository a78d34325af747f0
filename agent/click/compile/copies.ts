/** The bytes of packets that copies are made of: put back where a copy may have changed them. */
import {
  add,
  call,
  jeq,
  jgt,
  jlt,
  jne,
  jslt32,
  jump,
  label,
  ldMapFd,
  ldx,
  lsh,
  mov,
  neg,
  st,
  stx,
  sub,
  sub32,
} from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { CompiledMap } from './compile.ts'
import { frameLength } from './geometry.ts'
import { loadFrameLength, type NewLabel, reload, skb } from './packet.ts'
import { control, deepestCopy, frame, type Level, loadPlace } from './segments.ts'
import { scratch } from './stack.ts'

const mostBytes = 65_536
/** Of deepestCopy. */
const depthShift = Math.log2(deepestCopy)

/** Copies are made at hooks of traffic control alone. */
const packet = { hook: 'tc' } as const

/** The map of saves: whole frames, for each processor, level and depth. */
export const savesMapOf = (levelCount: number): CompiledMap => ({
  name: 'copies',
  kind: 'array',
  keyBytes: 4,
  valueBytes: mostBytes,
  entries: { perProcessor: levelCount * deepestCopy },
})

/** r0 = the save of a depth, or goes to `none`; `above` frames are on top of it. Loses r1 to r5. */
const findSave = (level: Level, above: 0 | 1, none: string): Code => [
  loadPlace(level),
  lsh('r0', depthShift),
  ldx('u64', 'r1', 'r9', control.depth),
  above === 0 ? [] : sub('r1', above),
  add('r0', 'r1'),
  stx('u32', 'r10', scratch.at, 'r0'),
  ldMapFd('r1', 'copies'),
  mov('r2', 'r10'),
  add('r2', scratch.at),
  call('mapLookupElem'),
  jeq('r0', 0, none),
]

/** For the frame at r8, which is to be pushed, r9 the control block. The packet stays as it is. Goes to `failed` where it is too long. */
export const saveBytes = (level: Level, failed: string): Code => [
  loadFrameLength('r1', packet),
  stx('u64', 'r8', frame.length, 'r1'),
  ldx('u32', 'r1', 'r6', skb.grown),
  stx('u64', 'r8', frame.grown, 'r1'),
  findSave(level, 0, failed),
  ldx('u64', 'r4', 'r8', frame.length),
  // Not `jeq`: Linux 6.1 learns no lower bound from that.
  jlt('r4', 1, failed),
  jgt('r4', mostBytes, failed),
  mov('r1', 'r6'),
  mov('r2', 0),
  mov('r3', 'r0'),
  call('skbLoadBytes'),
  jne('r0', 0, failed),
]

/** In the scratch: how many bytes are put back. */
const storedAt = scratch.at + 8
/** Zeros at most behind a short packet. */
const mostPadding = 128

/** Longer than all headers that the kernel may look for in a frame while its front is put back. */
const roomForHeaders = 256
/** BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO */
const room = { behindMac: 1, fixedSegments: 1 } as const

/**
 * Makes the frame at r8 begin where it did: the kernel knows the place of a checksum that is still to be made (CHECKSUM_PARTIAL) from the start of
 * its buffer, not from that of the frame. It takes bytes from the front of frames of IP alone; others have no such checksums.
 */
const restoreFront = (failed: string, newLabel: NewLabel): Code => {
  const [same, shorter, kept] = [newLabel('same_front'), newLabel('shorter_front'), newLabel('kept_front')]
  return [
    ldx('u32', 'r1', 'r6', skb.grown),
    ldx('u64', 'r2', 'r8', frame.grown),
    jeq('r1', 'r2', same),
    sub32('r1', 'r2'),
    jslt32('r1', 0, shorter),
    stx('u64', 'r10', storedAt, 'r1'),
    ldx('u64', 'r2', 'r8', frame.length),
    add('r2', 'r1'),
    add('r2', roomForHeaders),
    frameLength(packet, kept),
    ldx('u64', 'r2', 'r10', storedAt),
    neg('r2'),
    mov('r1', 'r6'),
    mov('r3', room.behindMac),
    mov('r4', room.fixedSegments),
    call('skbAdjustRoom'),
    // Whether it did or not: what it takes for headers has not become shorter, and a short packet keeps no more than that.
    ldx('u64', 'r2', 'r8', frame.length),
    ldx('u64', 'r1', 'r10', storedAt),
    add('r2', 'r1'),
    frameLength(packet, kept),
    jump(kept),
    label(shorter),
    mov('r2', 0),
    sub32('r2', 'r1'),
    stx('u64', 'r10', storedAt, 'r2'),
    // As the kernel took them, so that it knows again where headers begin.
    mov('r1', 'r6'),
    mov('r3', room.behindMac),
    mov('r4', room.fixedSegments),
    call('skbAdjustRoom'),
    jeq('r0', 0, kept),
    ldx('u64', 'r2', 'r10', storedAt),
    mov('r1', 'r6'),
    mov('r3', 1),
    stx('u32', 'r6', skb.moved, 'r3'),
    mov('r3', 0),
    call('skbChangeHead'),
    jne('r0', 0, failed),
    label(kept),
    ldx('u64', 'r1', 'r8', frame.grown),
    stx('u32', 'r6', skb.grown, 'r1'),
    label(same),
  ]
}

/**
 * Of the top frame at r8. Nothing is reachable after. Goes to `failed` where memory is short.
 *
 * The kernel does not cut off what it takes for headers, and takes more for them when bytes have been put before a frame: a short packet of another
 * protocol than IP then stays longer than it was, with zeros behind it.
 */
export const restoreBytes = (level: Level, failed: string, newLabel: NewLabel): Code => {
  const [find, longer, store] = [newLabel('find_save'), newLabel('longer'), newLabel('store')]
  return [
    restoreFront(failed, newLabel),
    loadFrameLength('r1', packet),
    ldx('u64', 'r2', 'r8', frame.length),
    stx('u64', 'r10', storedAt, 'r2'),
    jeq('r1', 'r2', find),
    frameLength(packet, longer),
    jump(find),
    label(longer),
    loadFrameLength('r1', packet),
    stx('u64', 'r10', storedAt, 'r1'),
    ldx('u64', 'r2', 'r8', frame.length),
    sub('r1', 'r2'),
    jgt('r1', mostPadding, failed),
    label(find),
    findSave(level, 1, failed),
    ldx('u64', 'r4', 'r10', storedAt),
    ldx('u64', 'r1', 'r8', frame.length),
    jeq('r1', 'r4', store),
    jgt('r1', mostBytes - mostPadding, failed),
    add('r1', 'r0'),
    Array.from({ length: mostPadding / 8 }, (_, i) => st('u64', 'r1', 8 * i, 0)),
    label(store),
    jlt('r4', 1, failed),
    jgt('r4', mostBytes, failed),
    mov('r1', 'r6'),
    mov('r2', 0),
    mov('r3', 'r0'),
    mov('r5', 0),
    call('skbStoreBytes'),
    reload(packet),
    jne('r0', 0, failed),
  ]
}
