/** More packets wait than CAPACITY allows: the oldest go, until half of it are left, as in Click. */
import {
  add,
  atomicCompareExchange,
  call,
  exit,
  jeq,
  jge,
  jle,
  jne,
  label,
  ldFunction,
  ldx,
  lsh,
  mov,
  or,
  stx,
  sub,
} from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { lookUpPlace, lookUpRing, place, ring, state, stateBits } from './layout.ts'
import { forget, type Querier } from './querier.ts'

/** Places that other processors take meanwhile. */
const spare = 16

/** Loses r0 to r5. */
export const slim = (querier: Querier): Code => [
  mov('r1', querier.capacities.places + spare),
  ldFunction(
    'r2',
    querier.routine('slim', () => writeSlim(querier)),
  ),
  mov('r3', 0),
  mov('r4', 0),
  call('loop'),
]

const stack = { index: -8 } as const

/** What bpf_loop calls: looks at one place; returns 1 once that is enough. */
const writeSlim = (querier: Querier): Code => {
  const { waiting, capacities, newLabel } = querier
  const { packets, places } = capacities
  const most = Math.max(1, packets - Math.floor(packets / 2))
  const [enough, next, near] = [newLabel('enough'), newLabel('next'), newLabel('near')]
  return [
    lookUpRing(waiting, places, stack.index),
    jeq('r0', 0, enough),
    mov('r6', 'r0'),
    ldx('u64', 'r1', 'r6', ring.length),
    jle('r1', most, enough),
    ldx('u64', 'r7', 'r6', ring.oldest),
    ldx('u64', 'r1', 'r6', ring.next),
    jge('r7', 'r1', enough),
    // What was before the last time round has been dropped by who took its place.
    mov('r0', 'r7'),
    sub('r1', 'r7'),
    jle('r1', places, near),
    ldx('u64', 'r1', 'r6', ring.next),
    sub('r1', places),
    mov('r7', 'r1'),
    label(near),
    mov('r2', 'r0'),
    mov('r1', 'r7'),
    add('r1', 1),
    atomicCompareExchange('u64', 'r6', ring.oldest, 'r1'),
    jne('r0', 'r2', next),
    lookUpPlace(waiting, places, 'r7', stack.index),
    jeq('r0', 0, enough),
    mov('r8', 'r0'),
    ldx('u32', 'r3', 'r8', place.address),
    stx('u32', 'r10', stack.index, 'r3'),
    lsh('r7', stateBits),
    mov('r1', 'r7'),
    or('r1', state.gone),
    or('r7', state.waiting),
    mov('r0', 'r7'),
    atomicCompareExchange('u64', 'r8', place.state, 'r1'),
    jne('r0', 'r7', next),
    forget(querier, stack.index),
    label(next),
    mov('r0', 0),
    exit(),
    label(enough),
    mov('r0', 1),
    exit(),
  ]
}
