/** A packet that waited leaves, in the frame of the reply that came for it. */
import { add, call, exit, jeq, jgt, jlt, jne, label, ldx, mov, stx, sub } from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { skb } from '../../compile/packet.ts'
import { annotationBytes, lookUpPlace, mostPacketBytes, place } from './layout.ts'
import { countKilled, countOne, type Querier } from './querier.ts'
import { release } from './take.ts'

export const etherHeaderBytes = 14

/**
 * r1 the context, r2 1 + the place of the packet, r3 where in the frame the packet's Ethernet header begins, r4 where its packet type and annotations
 * go on the stack. Fills the frame but for that header, and returns in r0 1 + the place of the next one, 0 without one; negative: there is no memory, and
 * none of them leaves. A routine.
 */
export const writeLeave = (querier: Querier): Code => {
  const { waiting, capacities, newLabel } = querier
  const [none, lost] = [newLabel('none'), newLabel('lost')]
  const stack = { index: -8, next: -16 } as const
  return [
    mov('r6', 'r1'),
    mov('r7', 'r3'),
    add('r7', etherHeaderBytes),
    mov('r9', 'r4'),
    sub('r2', 1),
    mov('r3', 'r2'),
    lookUpPlace(waiting, capacities.places, 'r3', stack.index),
    jeq('r0', 0, none),
    mov('r8', 'r0'),
    ldx('u64', 'r1', 'r8', place.next),
    stx('u64', 'r10', stack.next, 'r1'),
    mov('r1', 'r6'),
    ldx('u32', 'r2', 'r8', place.length),
    jlt('r2', 1, lost),
    jgt('r2', mostPacketBytes, lost),
    add('r2', 'r7'),
    mov('r3', 0),
    call('skbChangeTail'),
    jne('r0', 0, lost),
    mov('r1', 'r6'),
    mov('r2', 'r7'),
    mov('r3', 'r8'),
    add('r3', place.packet),
    ldx('u32', 'r4', 'r8', place.length),
    jlt('r4', 1, lost),
    jgt('r4', mostPacketBytes, lost),
    mov('r5', 0),
    call('skbStoreBytes'),
    jne('r0', 0, lost),
    // The kernel's own notes on the frame are still those of a reply.
    mov('r1', 1),
    stx('u32', 'r6', skb.moved, 'r1'),
    Array.from({ length: annotationBytes / 8 }, (_, i) => [
      ldx('u64', 'r1', 'r8', place.annotations + 8 * i),
      stx('u64', 'r9', 8 * i, 'r1'),
    ]),
    release('r8'),
    countOne(querier, -1, stack.index),
    ldx('u64', 'r0', 'r10', stack.next),
    exit(),

    label(lost),
    release('r8'),
    countOne(querier, -1, stack.index),
    countKilled(querier),
    label(none),
    mov('r0', -1),
    exit(),
  ]
}
