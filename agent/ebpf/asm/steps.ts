/**
 * Jumps reach 32767 slots (Linux 6.6 has farther ones; what is loaded by 6.1 must do without). In a longer program a jump whose label is
 * still ahead when its reach ends goes by a stepping stone, `goto label`, which the straight path jumps over.
 */
import { type Instruction, type Item, isLabel, type Program, slotCount } from './instruction.ts'
import { isFunctionReference, isJumpAway } from './kinds.ts'
import { jumpOp, opClass } from './opcode.ts'

/** Slots from a jump to its stone at most; the rest of its reach is for the stones of other labels at the same place. */
const farthest = 28_000
/** What has been under way for less than this waits for the next stones. */
const leastWay = 14_000

/** A label that is ahead, and the jumps to it so far. */
interface Pending {
  first: number
  readonly uses: { readonly at: number; readonly slot: number }[]
}

/** The program itself where all of it is within reach. */
export const withSteps = (program: Program): Program => {
  if (2 * program.length <= farthest) return program
  const items: Item[] = []
  const passed = new Set<string>()
  const pending = new Map<string, Pending>()
  let slot = 0
  let stoneCount = 0

  const put = (item: Item): void => {
    if (isLabel(item)) {
      passed.add(item.label)
      pending.delete(item.label)
    } else {
      const { target } = item
      if (target !== undefined && !isFunctionReference(item) && !passed.has(target)) {
        const known = pending.get(target) ?? { first: slot, uses: [] }
        known.uses.push({ at: items.length, slot })
        pending.set(target, known)
      }
      slot += slotCount(item)
    }
    items.push(item)
  }

  const layStones = (): void => {
    const due = [...pending].filter(([, { first }]) => slot - first >= leastWay)
    const over = `over the stones ${++stoneCount}`
    const last = items.at(-1)
    // After an instruction that never goes on, a jump over them would be unreachable, which the verifier refuses.
    const straightOn = last === undefined || isLabel(last) || !isJumpAway(last)
    if (straightOn) put(goTo(over, last))
    for (const [name, { uses }] of due) {
      const stone = `${name}, by stone ${stoneCount}`
      for (const { at } of uses) items[at] = { ...(items[at] as Instruction), target: stone }
      const use = items[uses[0]?.at ?? 0]
      pending.delete(name)
      put({ label: stone })
      put(goTo(name, use))
    }
    if (straightOn) put({ label: over })
  }

  /** Slot of the oldest jump that is under way. */
  const oldest = (): number => Math.min(...[...pending.values()].map(({ first }) => first))
  // Looking at all of them at each instruction would take long: nothing is due before this slot.
  let nextLook = farthest
  for (const item of program) {
    if (slot >= nextLook && pending.size > 0) {
      if (slot - oldest() >= farthest) layStones()
      nextLook = (pending.size > 0 ? oldest() : slot) + farthest
    }
    put(item)
  }
  return items
}

/** Whose the stone is: whose the jump was. */
const goTo = (target: string, of: Item | undefined): Instruction => ({
  opcode: jumpOp.ja | opClass.jmp,
  dst: 'r0',
  src: 0,
  offset: 0,
  imm: 0,
  target,
  ...(of && 'note' in of && of.note ? { note: of.note } : {}),
})
