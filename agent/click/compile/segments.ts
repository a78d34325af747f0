/**
 * Packets that come round again, and copies. A program's first function follows a packet until it ends, comes to a Tee, or is to come to an element
 * for another time. From there on bpf_loop calls the function of *segments*: each call follows a packet from one place to the next such place, which
 * is written down, and so is what remains to be done with the packets that copies were made of. The code of an element is written once in each of
 * the functions, however often packets come by; the verifier goes through it once.
 *
 * What is written down is in the processor's control block, a value of the map `segments`:
 *
 *     u64 next       where the next segment begins; 0: at the place that the top frame names
 *     u64 verdict    what the program answers
 *     u64 depth      how many frames there are
 *     u64 passes     how often the packet has come round
 *     annotations    of the packet, where `next` is not 0
 *     frames         one for each packet that waits for the end of its copies:
 *         annotations, u64 length of the frame, kept words, u64 place, u64 passes, u64 by how much it had grown, u32 traffic class
 */
import {
  add,
  call,
  callFunction,
  exit,
  jeq,
  jge,
  jgt,
  jlt,
  jne,
  jump,
  label,
  ldFunction,
  ldMapFd,
  ldx,
  lsh,
  mov,
  mul,
  st,
  stx,
  sub,
} from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { CompiledMap } from './compile.ts'
import { type Hooked, reload, skb } from './packet.ts'
import {
  annotationBytes,
  controlSlot,
  kept,
  restoreAnnotations,
  restoreKept,
  saveAnnotations,
  saveKept,
  scratch,
} from './stack.ts'
import { verdict } from './verdict.ts'

/** How deep copies may nest (a Tee behind a Tee's branch); deeper ones are not made. */
export const deepestCopy = 8
/** How often a packet may go back to where it has been; then it is dropped. */
export const mostPasses = 4
/** Segments that a packet and all copies of it may take; then they are dropped. */
const mostSegments = 4096

export const control = { next: 0, verdict: 8, depth: 16, passes: 24, annotations: 32, frames: 96 } as const
export const frame = {
  annotations: 0,
  length: 56,
  kept: 64,
  place: 128,
  passes: 136,
  grown: 144,
  priority: 152,
} as const
/** A power of two, so that a shift finds one. */
const frameShift = 8
if (frame.length < annotationBytes || frame.place < frame.kept + 8 * kept.words) throw new RangeError('frames overlap')

/**
 * Programs that may run within each other on a processor have each their own *level*: those at the ingress of interfaces share one, a copy that they
 * send may meet one at an egress.
 */
export interface Level {
  readonly level: number
  readonly count: number
}

export const segmentsMapOf = (levelCount: number): CompiledMap => ({
  name: 'segments',
  kind: 'array',
  keyBytes: 4,
  valueBytes: control.frames + (deepestCopy << frameShift),
  entries: { perProcessor: levelCount },
})

/** r0 = the number of this program's level on this processor. Loses r1 to r5. */
export const loadPlace = ({ level, count }: Level): Code => [
  call('getSmpProcessorId'),
  count === 1 ? [] : [mul('r0', count), level === 0 ? [] : add('r0', level)],
]

/** r0 = the control block; uses four bytes of the stack at `keyAt`. Loses r1 to r5. */
const findControl = (level: Level, keyAt: number, none: string): Code => [
  loadPlace(level),
  stx('u32', 'r10', keyAt, 'r0'),
  ldMapFd('r1', 'segments'),
  mov('r2', 'r10'),
  add('r2', keyAt),
  call('mapLookupElem'),
  jeq('r0', 0, none),
]

/** What the first function returns where there is more to do; no verdict. */
const again = 1 << 20

const firstFunction = 'first'
const segmentFunction = 'segment'
/** Labels of the function of segments: the end of a packet, and of a copy. */
export const segmentEnds = { packet: 'segment:drop', copy: 'segment:next' } as const

/** The program's entry, where there are segments; `first` follows. */
export const enterSegments = (hook: Hooked, level: Level, lost: Code): Code => [
  stx('u64', 'r10', -8, 'r1'),
  callFunction(firstFunction),
  jne('r0', again, 'entry:end'),
  mov('r1', mostSegments),
  ldFunction('r2', segmentFunction),
  mov('r3', 'r10'),
  add('r3', -8),
  mov('r4', 0),
  call('loop'),
  jne('r0', mostSegments, 'entry:done'),
  lost,
  label('entry:done'),
  findControl(level, -16, 'entry:none'),
  ldx('u64', 'r0', 'r0', control.verdict),
  label('entry:end'),
  exit(),
  label('entry:none'),
  mov('r0', verdict[hook.hook].drop),
  exit(),
  label(firstFunction),
]

/** The first function: r9 = the control block, made ready for segments; goes to `failed` where there is none. Loses r0 to r5. */
export const beginSegments = ({ hook }: Hooked, level: Level, failed: string): Code => [
  findControl(level, scratch.at, failed),
  stx('u64', 'r10', controlSlot, 'r0'),
  mov('r9', 'r0'),
  mov('r0', 0),
  stx('u64', 'r9', control.depth, 'r0'),
  stx('u64', 'r9', control.passes, 'r0'),
  mov('r0', verdict[hook].drop),
  stx('u64', 'r9', control.verdict, 'r0'),
]

/** r9 = the control block, in a segment. */
export const loadControl: Code = [ldx('u64', 'r9', 'r10', controlSlot)]

/** The next segment begins at a place, with the annotations of now; r9 is the control block. */
export const continueAt = (place: number): Code => [
  st('u64', 'r9', control.next, place),
  saveAnnotations('r9', control.annotations),
]

/** The next segment begins where the top frame says, as after a copy; r9 is the control block. */
export const continueAtFrame: Code = [st('u64', 'r9', control.next, 0)]

/** Ends the first function: segments follow. */
export const leaveFirst: Code = [mov('r0', again), exit()]
/** Ends a segment: the next one follows. */
export const leaveSegment: Code = [mov('r0', 0), exit()]
/** Ends all: the program answers with r0. */
export const finishSegments: Code = [
  ldx('u64', 'r1', 'r10', controlSlot),
  stx('u64', 'r1', control.verdict, 'r0'),
  mov('r0', 1),
  exit(),
]

/** r8 = the first free frame, r9 the control block; goes to `full` where there is none. Loses r0. */
export const findFreeFrame = (full: string): Code => [
  ldx('u64', 'r8', 'r9', control.depth),
  jge('r8', deepestCopy, full),
  lsh('r8', frameShift),
  add('r8', control.frames),
  add('r8', 'r9'),
]

/** Makes the frame at r8 the top one: goes on at `place` when the copies have ended, of which there are none in XDP. Loses r0. */
export const pushFrame = (place: number, keeps: boolean): Code => [
  saveAnnotations('r8', frame.annotations),
  keeps ? saveKept('r8', frame.kept) : [],
  st('u64', 'r8', frame.place, place),
  ldx('u64', 'r0', 'r9', control.passes),
  stx('u64', 'r8', frame.passes, 'r0'),
  ldx('u32', 'r0', 'r6', skb.priority),
  stx('u32', 'r8', frame.priority, 'r0'),
  ldx('u64', 'r0', 'r9', control.depth),
  add('r0', 1),
  stx('u64', 'r9', control.depth, 'r0'),
]

/** The top frame, at r8, goes on at another place than before. */
export const renamePlace = (place: number): Code => [st('u64', 'r8', frame.place, place)]

/** Takes the top frame away. Loses r0. */
export const popFrame: Code = [
  ldx('u64', 'r0', 'r9', control.depth),
  sub('r0', 1),
  stx('u64', 'r9', control.depth, 'r0'),
]

/** In a place that the top frame names: what was kept over a detour. */
export const takeKept: Code = restoreKept('r8', frame.kept)

/** Chooses a label by r1, from `first` on. */
const choose = (labels: readonly string[], first: number): Code => {
  const [only, ...more] = labels
  if (only === undefined) return []
  if (more.length === 0) return [jump(only)]
  const half = labels.length >> 1
  const right = `segment:from_${first + half}`
  return [
    jge('r1', first + half, right),
    choose(labels.slice(0, half), first),
    label(right),
    choose(labels.slice(half), first + half),
  ]
}

/**
 * The start of the function of segments; the code of places follows it, at their labels. There r6 and r7 are what they are in elements, r9 is the
 * control block, and where a place is one that a frame names, r8 is that frame.
 */
export const segmentStart = (hook: Hooked, level: Level, places: readonly string[]): Code => [
  label(segmentFunction),
  ldx('u64', 'r6', 'r2', 0),
  findControl(level, scratch.at, 'segment:stop'),
  stx('u64', 'r10', controlSlot, 'r0'),
  mov('r9', 'r0'),
  reload(hook),
  ldx('u64', 'r1', 'r9', control.next),
  jne('r1', 0, 'segment:known'),
  ldx('u64', 'r8', 'r9', control.depth),
  // Not `jeq`: Linux 6.1 learns no lower bound from that.
  jlt('r8', 1, 'segment:stop'),
  jgt('r8', deepestCopy, 'segment:stop'),
  sub('r8', 1),
  lsh('r8', frameShift),
  add('r8', control.frames),
  add('r8', 'r9'),
  ldx('u64', 'r0', 'r8', frame.passes),
  stx('u64', 'r9', control.passes, 'r0'),
  restoreAnnotations('r8', frame.annotations),
  hook.hook === 'tc' ? [ldx('u32', 'r0', 'r8', frame.priority), stx('u32', 'r6', skb.priority, 'r0')] : [],
  ldx('u64', 'r1', 'r8', frame.place),
  jump('segment:go'),
  label('segment:known'),
  st('u64', 'r9', control.next, 0),
  restoreAnnotations('r9', control.annotations),
  // No place begins with a frame where one is named by `next`.
  mov('r8', 'r9'),
  add('r8', control.frames),
  label('segment:go'),
  choose(places, 1),
  label(segmentEnds.copy),
  leaveSegment,
  label(segmentEnds.packet),
  loadControl,
  mov('r0', verdict[hook.hook].drop),
  finishSegments,
  label('segment:stop'),
  mov('r0', 1),
  exit(),
]

/** Goes to `most` once the packet has come round too often; r9 is the control block. Loses r0. */
export const countPass = (most: string): Code => [
  ldx('u64', 'r0', 'r9', control.passes),
  jge('r0', mostPasses, most),
  add('r0', 1),
  stx('u64', 'r9', control.passes, 'r0'),
]
