/** The stack of a program's functions that elements are written into: who owns which, as offsets from r10. */
import { ldx, type Register, rsh, type Size, st, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'

/** The annotations of the packet, byte by byte as in Click: 48 bytes. */
const annotations = -48
/** The packet type annotation, one of `packetType`, in the low byte of a word. */
export const packetTypeSlot = -56
/** For an element, while it is in its own code. */
export const scratch = { at: -128, bytes: 72 } as const
/** Where the processor's control block is (`segments.ts`). */
export const controlSlot = -136
/** Words of an element that stay over a detour. */
export const kept = { at: -200, words: 8 } as const

export const annotationSlot = (offset: number): number => annotations + offset

/** skb->pkt_type's numbers (linux/if_packet.h), which are Click's too. */
export const packetType = { host: 0, broadcast: 1, multicast: 2, otherHost: 3 } as const

/** Words of eight bytes: the annotations and the packet type. */
const words = [0, 1, 2, 3, 4, 5, 6].map((word) => packetTypeSlot + 8 * word)
export const annotationBytes = 8 * words.length

export const clearAnnotations: Code = words.map((slot) => st('u64', 'r10', slot, 0))

/** To `at` from a register; loses r0. */
export const saveAnnotations = (to: Register, at: number): Code =>
  words.map((slot, word) => [ldx('u64', 'r0', 'r10', slot), stx('u64', to, at + 8 * word, 'r0')])

/** Loses r0. */
export const restoreAnnotations = (from: Register, at: number): Code =>
  words.map((slot, word) => [ldx('u64', 'r0', from, at + 8 * word), stx('u64', 'r10', slot, 'r0')])

const keptSlots = Array.from({ length: kept.words }, (_, word) => kept.at + 8 * word)

export const clearKept: Code = keptSlots.map((slot) => st('u64', 'r10', slot, 0))

/** Loses r0. */
export const saveKept = (to: Register, at: number): Code =>
  keptSlots.map((slot, word) => [ldx('u64', 'r0', 'r10', slot), stx('u64', to, at + 8 * word, 'r0')])

/** Loses r0. */
export const restoreKept = (from: Register, at: number): Code =>
  keptSlots.map((slot, word) => [ldx('u64', 'r0', from, at + 8 * word), stx('u64', 'r10', slot, 'r0')])

/** Four bytes, as they lie in r0, to an annotation at any offset: the verifier takes no store that is not aligned. Loses r0. */
export const storeWordAnnotation = (offset: number): Code => {
  const size = offset % 4 === 0 ? 4 : offset % 2 === 0 ? 2 : 1
  const sizes = { 4: 'u32', 2: 'u16', 1: 'u8' } as const
  return Array.from({ length: 4 / size }, (_, i) => [
    i === 0 ? [] : rsh('r0', 8 * size),
    stx(sizes[size], 'r10', annotationSlot(offset + i * size), 'r0'),
  ])
}

export const storeAnnotation = (size: Size, offset: number, value: number): Code => [
  st(size, 'r10', annotationSlot(offset), value),
]
