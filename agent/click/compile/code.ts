/** Pieces of a program, nested as they come; `flattenCode` makes one sequence of them. */
import { type Instruction, type Item, isLabel } from '../../ebpf/asm/asm.ts'

export type Code = readonly (Item | Code)[]

const isCode = (part: Item | Code): part is Code => Array.isArray(part)

export const flattenCode = (code: Code): Item[] => code.flatMap((part) => (isCode(part) ? flattenCode(part) : [part]))

const unconditionalJump = 0x05

/** Where the code goes on to, if it ends by going somewhere: the label of its last, unconditional, jump. */
export const endsAt = (items: readonly Item[]): string | undefined => {
  const last = items.at(-1)
  return last && !isLabel(last) && last.opcode === unconditionalJump ? last.target : undefined
}

/** Jumps to the very next place are left out. */
export const dropEmptyJumps = (items: readonly Item[]): Item[] =>
  items.filter((item, i) => {
    if (isLabel(item) || item.opcode !== unconditionalJump) return true
    for (let next = i + 1; ; next++) {
      const following = items[next]
      if (!following || !isLabel(following)) return true
      if (following.label === item.target) return false
    }
  })

export type { Instruction, Item }

const exitOpcode = 0x95

/** Whether nothing falls through to what follows. */
export const isEnd = (item: Item): boolean =>
  !isLabel(item) && (item.opcode === exitOpcode || item.opcode === unconditionalJump)

/** Without what no path leads to, which the verifier refuses: what follows a pattern that matches every packet, for instance. */
export const dropUnreachable = (items: readonly Item[]): Item[] => {
  const places = new Map(items.flatMap((item, at) => (isLabel(item) ? [[item.label, at] as const] : [])))
  const reached = new Set<number>()
  const waiting = [0]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (let item = items[at]; item && !reached.has(at); item = items[++at]) {
      reached.add(at)
      if (isLabel(item)) continue
      const target = item.target === undefined ? undefined : places.get(item.target)
      if (target !== undefined) waiting.push(target)
      if (isEnd(item)) break
    }
  }
  return items.filter((_, at) => reached.has(at))
}
