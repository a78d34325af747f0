/** A packet whose Ethernet address is not known is kept, in a place of the ring and the chain of its address. */
import {
  add,
  and,
  atomicCompareExchange,
  atomicExchange,
  atomicFetchAdd,
  call,
  callFunction,
  exit,
  jeq,
  jge,
  jgt,
  jlt,
  jne,
  jsge,
  jump,
  label,
  ldImm64,
  ldx,
  lsh,
  mov,
  or,
  rsh,
  stx,
  sub,
} from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { skb } from '../../compile/packet.ts'
import { writeFinishChecksum } from './checksum.ts'
import { findEntry } from './entries.ts'
import {
  annotationBytes,
  entry,
  lookUpPlace,
  lookUpRing,
  mostLeavingNs,
  mostPacketBytes,
  place,
  placeBytes,
  ring,
  state,
  stateBits,
} from './layout.ts'
import { countKilled, countOne, forget, labelsOf, loadKnown, type Querier, uncount } from './querier.ts'
import { slim } from './slim.ts'

/** What `writeKeep` returns, where it is no address word. */
export const kept = { quietly: 0, ask: 1 } as const

/** How often a processor tries to add to a chain before it gives up; each time another one has succeeded. */
const mostTries = 16
/** Click's bounds on queries for one address. */
const quick = { count: 10, intervalNs: 100_000_000, slowIntervalNs: 2_000_000_000 } as const

const stack = {
  key: -4,
  index: -8,
  now: -16,
  offset: -24,
  annotations: -32,
  sequence: -40,
  length: -48,
  entry: -88,
} as const

/**
 * r0 = 1 where the address of the entry at r1 may be asked for at the time r2, which is noted; else 0. Of several processors one is let. A
 * routine.
 */
export const writeMayAsk = ({ newLabel }: Querier): Code => {
  const [no, soon, counted] = [newLabel('no'), newLabel('soon'), newLabel('counted')]
  return [
    ldx('u64', 'r0', 'r1', entry.polledAt),
    ldx('u64', 'r4', 'r1', entry.polls),
    mov('r3', quick.intervalNs),
    jlt('r4', quick.count, soon),
    mov('r3', quick.slowIntervalNs),
    label(soon),
    add('r3', 'r0'),
    jgt('r3', 'r2', no),
    mov('r5', 'r0'),
    atomicCompareExchange('u64', 'r1', entry.polledAt, 'r2'),
    jne('r0', 'r5', no),
    jgt('r4', quick.count, counted),
    add('r4', 1),
    stx('u64', 'r1', entry.polls, 'r4'),
    label(counted),
    mov('r0', 1),
    exit(),
    label(no),
    mov('r0', 0),
    exit(),
  ]
}

/** An entry that is asked for does not get older than any that has just been forgotten: Click makes room by dropping the oldest. */
const keepAlive = ({ timeoutNs, newLabel }: Querier): Code => {
  const young = newLabel('young')
  return [
    ldx('u64', 'r1', 'r10', stack.now),
    ldImm64('r2', timeoutNs + 1n),
    sub('r1', 'r2'),
    ldx('u64', 'r2', 'r9', entry.liveAt),
    jsge('r2', 'r1', young),
    stx('u64', 'r9', entry.liveAt, 'r1'),
    label(young),
  ]
}

/**
 * r1 the context, r2 where the IP packet begins in the frame, r3 where its packet type and annotations are on the stack. Returns in r0: 0 the
 * packet is kept or dropped, and nothing is to be done; 1: the same, and its address is to be asked for; else the address word, which has
 * become known: the packet is the caller's as before. The frame is not changed. A routine.
 */
export const writeKeep = (querier: Querier): Code => {
  const { waiting, capacities, timeoutNs, newLabel, routine } = querier
  const { places, packets, packetsForOne } = capacities
  const l = labelsOf(newLabel, [
    'unknown',
    'drop',
    'unkept',
    'room',
    'busy',
    'taken',
    'still',
    'fresh',
    'push',
    'pushed',
    'stays',
    'ask',
  ])
  const own = (code: keyof typeof state): Code => [
    ldx('u64', 'r1', 'r10', stack.sequence),
    lsh('r1', stateBits),
    or('r1', state[code]),
  ]
  return [
    jeq('r3', 0, l.drop),
    mov('r6', 'r1'),
    stx('u64', 'r10', stack.offset, 'r2'),
    stx('u64', 'r10', stack.annotations, 'r3'),
    ldx('u32', 'r1', 'r3', 8),
    stx('u32', 'r10', stack.key, 'r1'),
    call('ktimeGetNs'),
    stx('u64', 'r10', stack.now, 'r0'),
    findEntry(querier, stack, l.drop),
    mov('r9', 'r0'),

    // Another processor may have learnt it meanwhile.
    ldx('u32', 'r3', 'r10', stack.key),
    ldx('u64', 'r4', 'r10', stack.now),
    loadKnown(querier, { of: 'r9', key: 'r3', now: 'r4' }, l.unknown),
    exit(),
    label(l.unknown),
    timeoutNs === 0n ? [] : keepAlive(querier),

    // A packet that the kernel would have cut up cannot be put together again from its bytes.
    ldx('u32', 'r1', 'r6', skb.segmentBytes),
    jne('r1', 0, l.unkept),
    ldx('u32', 'r2', 'r6', skb.length),
    ldx('u64', 'r1', 'r10', stack.offset),
    sub('r2', 'r1'),
    jlt('r2', 1, l.unkept),
    jgt('r2', mostPacketBytes, l.unkept),
    stx('u64', 'r10', stack.length, 'r2'),
    packetsForOne === undefined
      ? []
      : [ldx('u64', 'r1', 'r9', entry.waiting), rsh('r1', 48), jge('r1', packetsForOne, l.unkept)],

    // One more; or room is made first.
    lookUpRing(waiting, places, stack.index),
    jeq('r0', 0, l.drop),
    mov('r8', 'r0'),
    mov('r1', 1),
    atomicFetchAdd('u64', 'r8', ring.length, 'r1'),
    jlt('r1', packets, l.room),
    slim(querier),
    label(l.room),
    mov('r1', 1),
    atomicFetchAdd('u64', 'r8', ring.next, 'r1'),
    stx('u64', 'r10', stack.sequence, 'r1'),
    mov('r3', 'r1'),
    lookUpPlace(waiting, places, 'r3', stack.index),
    jeq('r0', 0, l.busy),
    mov('r8', 'r0'),

    // The place of the packet that is the oldest by a whole ring.
    ldx('u64', 'r0', 'r8', place.state),
    mov('r7', 'r0'),
    and('r7', (1 << stateBits) - 1),
    jeq('r7', state.filling, l.busy),
    jne('r7', state.leaving, l.still),
    ldx('u64', 'r1', 'r8', place.at),
    add('r1', mostLeavingNs),
    ldx('u64', 'r2', 'r10', stack.now),
    jgt('r1', 'r2', l.busy),
    mov('r7', state.waiting),
    label(l.still),
    mov('r2', 'r0'),
    own('filling'),
    ldx('u32', 'r3', 'r8', place.address),
    stx('u32', 'r10', stack.index, 'r3'),
    atomicCompareExchange('u64', 'r8', place.state, 'r1'),
    jne('r0', 'r2', l.busy),
    jne('r7', state.waiting, l.taken),
    forget(querier, stack.index),
    label(l.taken),

    mov('r1', 'r6'),
    ldx('u64', 'r2', 'r10', stack.offset),
    mov('r3', 'r8'),
    add('r3', place.packet),
    ldx('u64', 'r4', 'r10', stack.length),
    jlt('r4', 1, l.busy),
    jgt('r4', mostPacketBytes, l.busy),
    call('skbLoadBytes'),
    own('gone'),
    jne('r0', 0, l.fresh),
    ldx('u64', 'r1', 'r10', stack.length),
    stx('u32', 'r8', place.length, 'r1'),
    ldx('u32', 'r1', 'r10', stack.key),
    stx('u32', 'r8', place.address, 'r1'),
    ldx('u64', 'r1', 'r10', stack.now),
    stx('u64', 'r8', place.at, 'r1'),
    ldx('u64', 'r1', 'r10', stack.annotations),
    Array.from({ length: annotationBytes / 8 }, (_, i) => [
      ldx('u64', 'r0', 'r1', 8 * i),
      stx('u64', 'r8', place.annotations + 8 * i, 'r0'),
    ]),
    mov('r1', 'r8'),
    callFunction(
      routine('finish_checksum', () => writeFinishChecksum(querier), {
        parameters: [{ bytes: placeBytes }],
        shared: true,
      }),
    ),
    own('waiting'),
    atomicExchange('u64', 'r8', place.state, 'r1'),

    // To the head of the chain.
    mov('r7', 0),
    label(l.push),
    ldx('u64', 'r0', 'r9', entry.waiting),
    mov('r2', 'r0'),
    stx('u64', 'r8', place.next, 'r0'),
    mov('r1', 'r0'),
    rsh('r1', 48),
    add('r1', 1),
    lsh('r1', 48),
    ldx('u64', 'r3', 'r10', stack.sequence),
    add('r3', 1),
    or('r1', 'r3'),
    atomicCompareExchange('u64', 'r9', entry.waiting, 'r1'),
    jeq('r0', 'r2', l.pushed),
    add('r7', 1),
    jlt('r7', mostTries, l.push),
    own('gone'),
    label(l.fresh),
    atomicExchange('u64', 'r8', place.state, 'r1'),
    jump(l.busy),

    // A reply that came meanwhile has not seen the packet; one that comes from now on will.
    label(l.pushed),
    ldx('u32', 'r3', 'r10', stack.key),
    ldx('u64', 'r4', 'r10', stack.now),
    loadKnown(querier, { of: 'r9', key: 'r3', now: 'r4' }, l.ask),
    mov('r7', 'r0'),
    own('waiting'),
    mov('r0', 'r1'),
    mov('r2', 'r1'),
    own('takenBack'),
    atomicCompareExchange('u64', 'r8', place.state, 'r1'),
    jne('r0', 'r2', l.stays),
    uncount(querier, 'r9'),
    countOne(querier, -1, stack.index),
    mov('r0', 'r7'),
    exit(),
    label(l.stays),
    mov('r0', kept.quietly),
    exit(),

    label(l.busy),
    countOne(querier, -1, stack.index),
    label(l.unkept),
    countKilled(querier),
    label(l.ask),
    mov('r1', 'r9'),
    ldx('u64', 'r2', 'r10', stack.now),
    callFunction(routine('may_ask', () => writeMayAsk(querier))),
    exit(),

    label(l.drop),
    countKilled(querier),
    mov('r0', kept.quietly),
    exit(),
  ]
}
