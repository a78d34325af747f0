/**
 * Jumps reach 32767 slots (Linux 6.6 has farther ones; what is loaded by 6.1 must do without). In a longer program a jump whose label is
 * still ahead when its reach ends goes by a stepping stone, `goto label`, which the straight path jumps over. So does one back to a label that would
 * be out of reach: before that, a stone is laid that leads back to it.
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

/** A label that was passed and is gone back to later on: where it, or the last stone that leads there, is. */
interface Passed {
  readonly slot: number
  readonly name: string
}

/** The program itself where all of it is within reach. */
export const withSteps = (program: Program): Program => {
  if (2 * program.length <= farthest) return program
  const items: Item[] = []
  const left = countUses(program)
  const passed = new Map<string, Passed>()
  const pending = new Map<string, Pending>()
  let slot = 0
  let stoneCount = 0

  const put = (item: Item): void => {
    if (isLabel(item)) {
      passed.set(item.label, { slot, name: item.label })
      pending.delete(item.label)
      items.push(item)
      return
    }
    const { target } = item
    const known = target === undefined || isFunctionReference(item) ? undefined : passed.get(target)
    if (target !== undefined && !isFunctionReference(item)) {
      left.set(target, (left.get(target) ?? 0) - 1)
      if (!known) {
        const uses = pending.get(target) ?? { first: slot, uses: [] }
        uses.uses.push({ at: items.length, slot })
        pending.set(target, uses)
      }
    }
    slot += slotCount(item)
    items.push(known && known.name !== target ? { ...item, target: known.name } : item)
  }

  /** Labels behind that jumps to come go to. */
  const wanted = (): [string, Passed][] => [...passed].filter(([name]) => (left.get(name) ?? 0) > 0)

  const layStones = (): void => {
    const due = [...pending].filter(([, { first }]) => slot - first >= leastWay)
    const back = wanted().filter(([, { slot: at }]) => slot - at >= leastWay)
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
      left.set(name, (left.get(name) ?? 0) + 1)
      put(goTo(name, use))
    }
    for (const [name, { name: from }] of back) {
      const stone = `${name}, back by stone ${stoneCount}`
      items.push({ label: stone })
      items.push(goTo(from, last))
      passed.set(name, { slot, name: stone })
      slot++
    }
    if (straightOn) put({ label: over })
  }

  /** Slot of the oldest jump that is under way, or label that is gone back to. */
  const oldest = (): number => {
    const ahead = [...pending.values()].map(({ first }) => first)
    const behind = wanted().map(([, { slot: at }]) => at)
    return [...ahead, ...behind].reduce((least, at) => Math.min(least, at), slot)
  }
  // Looking at all of them at each instruction would take long: nothing is due before this slot.
  let nextLook = farthest
  for (const item of program) {
    if (slot >= nextLook) {
      if (slot - oldest() >= farthest) layStones()
      nextLook = oldest() + farthest
    }
    put(item)
  }
  return items
}

const countUses = (program: Program): Map<string, number> => {
  const uses = new Map<string, number>()
  for (const item of program) {
    if (isLabel(item) || item.target === undefined || isFunctionReference(item)) continue
    uses.set(item.target, (uses.get(item.target) ?? 0) + 1)
  }
  return uses
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
