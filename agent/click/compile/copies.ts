/**
 * Copies, as Tee makes them: one packet goes through all branches, one after the other, each to its end. What a branch may have changed is
 * put back before the next from a save in a map; where no branch but the last changes anything, nothing is saved.
 */
import { add, call, jeq, jgt, jlt, jne, label, ldMapFd, ldx, lsh, mov, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { CompiledMap } from './compile.ts'
import { frameLength } from './geometry.ts'
import { type NewLabel, received, reload, skb } from './packet.ts'
import { copiedLengthSlot, deepestCopy, restoreAnnotations, saveAnnotations, scratch } from './stack.ts'

/** The map of saves: an array with `deepestCopy` values for each processor, whole frames. */
export const savesMap = {
  name: 'copies',
  kind: 'array',
  keyBytes: 4,
  valueBytes: 65_536,
  entries: { perProcessor: 4 },
} as const satisfies CompiledMap

/** r0 = the save of this depth and processor, or goes to `none`. Loses r1 to r5. */
const findSave = (depth: number, none: string): Code => [
  call('getSmpProcessorId'),
  lsh('r0', 2),
  add('r0', depth),
  stx('u32', 'r10', scratch.at, 'r0'),
  ldMapFd('r1', savesMap.name),
  mov('r2', 'r10'),
  add('r2', scratch.at),
  call('mapLookupElem'),
  jeq('r0', 0, none),
]

/** The programs of a hook of traffic control run with interrupts of their kind held off, so that a processor's save is theirs. */
export const save = (depth: number, whole: boolean, failed: string): Code => {
  if (depth >= deepestCopy) throw new RangeError(`copies nest ${deepestCopy} deep`)
  if (!whole) return saveAnnotations(depth)
  return [
    saveAnnotations(depth),
    ldx('u32', 'r8', 'r6', skb.length),
    stx('u64', 'r10', copiedLengthSlot(depth), 'r8'),
    // Not `jeq`: Linux 6.1 learns no lower bound from that.
    jlt('r8', 1, failed),
    jgt('r8', savesMap.valueBytes, failed),
    findSave(depth, failed),
    mov('r1', 'r6'),
    mov('r2', 0),
    mov('r3', 'r0'),
    mov('r4', 'r8'),
    call('skbLoadBytes'),
    jne('r0', 0, failed),
  ]
}

/** `now` is the packet as it was saved, after the frame grew by `grown` bytes since. Gives up, at `failed`, where memory is short. */
export const restore = (depth: number, whole: boolean, grown: number, failed: string, newLabel: NewLabel): Code => {
  if (!whole) return [reload(received('tc')), restoreAnnotations(depth)]
  const sameLength = newLabel('same_length')
  return [
    restoreAnnotations(depth),
    ldx('u64', 'r8', 'r10', copiedLengthSlot(depth)),
    // Not `jeq`: Linux 6.1 learns no lower bound from that.
    jlt('r8', 1, failed),
    jgt('r8', savesMap.valueBytes, failed),
    mov('r2', 'r8'),
    add('r2', grown),
    ldx('u32', 'r1', 'r6', skb.length),
    jeq('r1', 'r2', sameLength),
    frameLength(received('tc'), failed),
    label(sameLength),
    findSave(depth, failed),
    mov('r1', 'r6'),
    mov('r2', grown),
    mov('r3', 'r0'),
    mov('r4', 'r8'),
    mov('r5', 0),
    call('skbStoreBytes'),
    reload(received('tc')),
    jne('r0', 0, failed),
  ]
}
