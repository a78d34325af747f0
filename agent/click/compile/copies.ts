/** The bytes of packets that copies are made of: put back where a copy may have changed them. */
import { add, call, jeq, jgt, jlt, jne, jump, label, ldMapFd, ldx, lsh, mov, st, stx, sub } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { CompiledMap } from './compile.ts'
import { frameLength } from './geometry.ts'
import { loadFrameLength, type NewLabel, reload } from './packet.ts'
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

/**
 * Of the top frame at r8. Nothing is reachable after. Goes to `failed` where memory is short.
 *
 * The kernel does not cut off what it takes for headers, and takes more for them when bytes have been put before a frame: a short packet then stays
 * longer than it was, with zeros behind it.
 */
export const restoreBytes = (level: Level, failed: string, newLabel: NewLabel): Code => {
  const [find, longer, store] = [newLabel('find_save'), newLabel('longer'), newLabel('store')]
  return [
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
