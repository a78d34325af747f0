/** The 512 bytes of the program's stack: who owns which, as offsets from r10. */
import { ldx, type Size, st, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'

/** The annotations of the packet, byte by byte as in Click: 48 bytes. */
const annotations = -48
/** The packet type annotation, one of `packetType`, in the low byte of a word. */
export const packetTypeSlot = -56
/** For an element, while it is in its own code. */
export const scratch = { at: -128, bytes: 72 } as const
/** How deep copies may nest (a Tee behind a Tee's branch). */
export const deepestCopy = 3
/** Annotations, packet type and length of the packet that copies are made of, by depth. */
const copyBytes = 64

export const annotationSlot = (offset: number): number => annotations + offset

/** skb->pkt_type's numbers (linux/if_packet.h), which are Click's too. */
export const packetType = { host: 0, broadcast: 1, multicast: 2, otherHost: 3 } as const

/** Words of eight bytes: the annotations and the packet type. */
const words = [0, 1, 2, 3, 4, 5, 6].map((word) => packetTypeSlot + 8 * word)

const copyOf = (depth: number, word: number): number => scratch.at - copyBytes * (depth + 1) + 8 * word

export const copiedLengthSlot = (depth: number): number => copyOf(depth, 7)

export const clearAnnotations: Code = words.map((slot) => st('u64', 'r10', slot, 0))

/** Loses r0. */
export const saveAnnotations = (depth: number): Code =>
  words.map((slot, word) => [ldx('u64', 'r0', 'r10', slot), stx('u64', 'r10', copyOf(depth, word), 'r0')])

/** Loses r0. */
export const restoreAnnotations = (depth: number): Code =>
  words.map((slot, word) => [ldx('u64', 'r0', 'r10', copyOf(depth, word)), stx('u64', 'r10', slot, 'r0')])

export const storeAnnotation = (size: Size, offset: number, value: number): Code => [
  st(size, 'r10', annotationSlot(offset), value),
]
