/** Annotations that no element of a function reads need not be written in it. */
import { type Instruction, type Item, isLabel } from '../../ebpf/asm/asm.ts'
import { annotationBytes, packetTypeSlot } from './stack.ts'

/** In an opcode: loads, stores of a constant and of a register, all by an offset; and the size. */
const memory = { load: 0x61, storeConstant: 0x62, store: 0x63, size: 0x18 } as const
const sizes: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1, 24: 8 }
const sumConstant = 0x07
const wordBytes = 8

const kindOf = ({ opcode }: Instruction): number => opcode & ~memory.size
const end = packetTypeSlot + annotationBytes

/** The words, by their offsets from r10, that an access touches. */
const touched = ({ offset, opcode }: Instruction): readonly number[] => {
  const last = offset + (sizes[opcode & memory.size] ?? 1) - 1
  const [from, to] = [offset, last].map(
    (at) => Math.floor((at - packetTypeSlot) / wordBytes) * wordBytes + packetTypeSlot,
  )
  return from === to || to === undefined || from === undefined ? [from ?? offset] : [from, to]
}

const isWithin = ({ offset }: Instruction): boolean => offset >= packetTypeSlot && offset < end

/** Whether a word of the annotations is read, by its offset. All are where something else is told where they lie. */
export const readWords = (items: readonly Item[]): ((word: number) => boolean) => {
  const read = new Set<number>()
  for (const item of items) {
    if (isLabel(item)) continue
    if (kindOf(item) === memory.load && item.src === 'r10') for (const word of touched(item)) read.add(word)
    // The address of something on the stack: `r2 = r10; r2 += -56`.
    if (item.opcode === sumConstant && item.imm >= packetTypeSlot && item.imm < 0) return () => true
  }
  return (word) => read.has(word)
}

/** Without what is written into words that nobody reads. */
export const dropUnread = (items: readonly Item[], isRead: (word: number) => boolean): Item[] =>
  items.filter((item) => {
    if (isLabel(item) || item.dst !== 'r10' || !isWithin(item)) return true
    const kind = kindOf(item)
    return (kind !== memory.store && kind !== memory.storeConstant) || touched(item).some(isRead)
  })

/** Whether anything reads a word of the context. */
export const readsContext = (items: readonly Item[], offset: number): boolean =>
  items.some((item) => !isLabel(item) && kindOf(item) === memory.load && item.src === 'r6' && item.offset === offset)
