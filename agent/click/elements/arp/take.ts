/** The chain of packets that wait for an address, once it is known: taken as a whole, and given out the first one first. */
import {
  add,
  and,
  atomicCompareExchange,
  atomicExchange,
  call,
  callFunction,
  exit,
  jeq,
  jle,
  jne,
  jump,
  label,
  ldFunction,
  ldImm64,
  ldx,
  lsh,
  mov,
  or,
  type Register,
  rsh,
  st,
  stx,
  sub,
} from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { findEntry } from './entries.ts'
import { entry, lookUpPlace, mostWaiting, place, state, stateBits } from './layout.ts'
import { countKilled, countOne, labelsOf, low48, type Querier } from './querier.ts'

/** Places in a chain that are looked at; one that was taken back stays in it. */
const mostLinks = mostWaiting + 16
/** Click's table forgets what is too old at intervals that are so much longer than TIMEOUT. */
const graceNs = 1_000_000_000n

/**
 * Notes that the IP address r1, as it was loaded, has the Ethernet address in the low 48 bits of r2. Returns in r0 1 + the place of the first
 * packet that waited for it, 0 without one. A routine.
 */
export const writeLearn = (querier: Querier): Code => {
  const { newLabel, routine } = querier
  const stack = { key: -4, now: -16, entry: -56 } as const
  const none = newLabel('none')
  return [
    stx('u32', 'r10', stack.key, 'r1'),
    mov('r8', 'r2'),
    mov('r2', 'r1'),
    // The last two bytes of the address lie above those of the Ethernet address.
    low48('r8'),
    rsh('r2', 16),
    lsh('r2', 48),
    or('r8', 'r2'),
    call('ktimeGetNs'),
    stx('u64', 'r10', stack.now, 'r0'),
    findEntry(querier, stack, none),
    ldx('u64', 'r1', 'r10', stack.now),
    stx('u64', 'r9', entry.liveAt, 'r1'),
    st('u64', 'r9', entry.polledAt, 0),
    st('u64', 'r9', entry.polls, 0),
    atomicExchange('u64', 'r9', entry.address, 'r8'),
    mov('r1', 0),
    atomicExchange('u64', 'r9', entry.waiting, 'r1'),
    ldx('u32', 'r2', 'r10', stack.key),
    mov('r3', 0),
    callFunction(routine('take', () => writeTake(querier))),
    exit(),
    label(none),
    mov('r0', 0),
    exit(),
  ]
}

/** On the stack while a chain is taken: what is left of it, the places taken so far, of which address, whether it is given up, the time. */
const taking = { chain: 0, first: 8, address: 16, discards: 24, now: 32, bytes: 40 } as const

/**
 * Takes the chain that r1 is the head of, of packets for the IP address r2; r3 whether they are given up. Returns in r0 1 + the place of the one
 * that came first, from which `place.next` leads on; they are the caller's alone. A routine.
 */
export const writeTake = (querier: Querier): Code => {
  const at = -taking.bytes
  return [
    stx('u64', 'r10', at + taking.chain, 'r1'),
    stx('u64', 'r10', at + taking.address, 'r2'),
    stx('u64', 'r10', at + taking.discards, 'r3'),
    st('u64', 'r10', at + taking.first, 0),
    call('ktimeGetNs'),
    stx('u64', 'r10', at + taking.now, 'r0'),
    mov('r1', mostLinks),
    ldFunction(
      'r2',
      querier.routine('take_one', () => writeTakeOne(querier)),
    ),
    mov('r3', 'r10'),
    add('r3', at),
    mov('r4', 0),
    call('loop'),
    ldx('u64', 'r0', 'r10', at + taking.first),
    exit(),
  ]
}

/** What bpf_loop calls, with `taking` at r2: takes one packet; returns 1 after the last. */
const writeTakeOne = (querier: Querier): Code => {
  const { waiting, capacities, timeoutNs, newLabel } = querier
  const { places } = capacities
  const l = labelsOf(newLabel, ['claimed', 'discard', 'keep', 'next', 'done'])
  const stack = { index: -8 } as const
  return [
    mov('r9', 'r2'),
    ldx('u64', 'r6', 'r9', taking.chain),
    low48('r6'),
    jeq('r6', 0, l.done),
    sub('r6', 1),
    lookUpPlace(waiting, places, 'r6', stack.index),
    jeq('r0', 0, l.done),
    mov('r8', 'r0'),
    ldx('u32', 'r1', 'r8', place.address),
    ldx('u64', 'r2', 'r9', taking.address),
    jne('r1', 'r2', l.done),
    mov('r1', 'r6'),
    lsh('r1', stateBits),
    mov('r0', 'r1'),
    or('r0', state.waiting),
    mov('r2', 'r0'),
    mov('r3', 'r1'),
    or('r3', state.takenBack),
    or('r1', state.leaving),
    ldx('u64', 'r5', 'r8', place.at),
    ldx('u64', 'r4', 'r9', taking.now),
    // Where the place is not to be had, it is one that has just been filled, or is of no use any more: this does no harm.
    stx('u64', 'r8', place.at, 'r4'),
    atomicCompareExchange('u64', 'r8', place.state, 'r1'),
    jeq('r0', 'r2', l.claimed),
    // The one before it may still wait; where this one has been dropped, those before it have, too.
    jne('r0', 'r3', l.done),
    ldx('u64', 'r1', 'r8', place.next),
    stx('u64', 'r9', taking.chain, 'r1'),
    jump(l.next),

    label(l.claimed),
    ldx('u64', 'r1', 'r8', place.next),
    stx('u64', 'r9', taking.chain, 'r1'),
    ldx('u64', 'r1', 'r9', taking.discards),
    timeoutNs === 0n
      ? jeq('r1', 0, l.keep)
      : [
          jne('r1', 0, l.discard),
          ldImm64('r1', timeoutNs + graceNs),
          add('r1', 'r5'),
          jle('r4', 'r1', l.keep),
          label(l.discard),
        ],
    release('r8'),
    countOne(querier, -1, stack.index),
    countKilled(querier),
    jump(l.next),

    label(l.keep),
    ldx('u64', 'r1', 'r9', taking.first),
    stx('u64', 'r8', place.next, 'r1'),
    and('r6', places - 1),
    add('r6', 1),
    stx('u64', 'r9', taking.first, 'r6'),
    label(l.next),
    mov('r0', 0),
    exit(),
    label(l.done),
    mov('r0', 1),
    exit(),
  ]
}

/** A place that is the caller's is free again. Loses r1. */
export const release = (of: Register): Code => [
  ldx('u64', 'r1', of, place.state),
  rsh('r1', stateBits),
  lsh('r1', stateBits),
  atomicExchange('u64', of, place.state, 'r1'),
]
