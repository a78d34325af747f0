/** From a program to the bytes that the kernel takes: labels become distances in one pass, after one that finds them. A long one gets stepping stones first. */
import { AssemblyError } from './error.ts'
import {
  type Instruction,
  isLabel,
  type Note,
  type Parameter,
  type Program,
  registerNumber,
  slotCount,
} from './instruction.ts'
import { isFunctionReference } from './kinds.ts'
import { loadImmediate64 } from './opcode.ts'
import { withSteps } from './steps.ts'

export interface MapReference {
  /** Of the instruction of two slots whose first immediate is to be the map's descriptor. */
  readonly slot: number
  readonly map: string
}

/** Where a function begins: the program itself at slot 0 with the name '', then what is called or called back. */
export interface FunctionStart {
  readonly slot: number
  readonly name: string
  /** Of a global function. */
  readonly parameters?: readonly Parameter[]
}

export interface Assembly {
  /** Eight a slot, little-endian. */
  readonly bytes: Uint8Array
  /** The instruction that begins in a slot, as the verifier numbers them; undefined in the second slot of a wide one. */
  readonly slots: readonly (Instruction | undefined)[]
  readonly labels: ReadonlyMap<string, number>
  readonly maps: readonly MapReference[]
  readonly functions: readonly FunctionStart[]
}

const slotBytes = 8

/** Throws AssemblyError for a label that is undefined, defined twice or too far to jump back to, naming whose instruction it is. */
export const assemble = (program: Program): Assembly => {
  const { slots, labels } = place(withSteps(program))
  const bytes = new Uint8Array(slots.length * slotBytes)
  const view = new DataView(bytes.buffer)
  const maps: MapReference[] = []
  const functions = new Map<number, string>([[0, '']])
  slots.forEach((instruction, slot) => {
    if (!instruction) return
    if (instruction.map !== undefined) maps.push({ slot, map: instruction.map })
    if (instruction.target === undefined) {
      encode(view, slot, instruction)
      return
    }
    const target = labels.get(instruction.target)
    if (target === undefined) {
      throw new AssemblyError(`there is no label '${instruction.target}' to go to from ${slot}`, instruction.note)
    }
    if (isFunctionReference(instruction)) functions.set(target, instruction.target)
    encode(view, slot, resolve(instruction, target - slot - 1))
  })
  const parameters = parametersOf(program)
  const starts = [...functions]
    .map(([slot, name]): FunctionStart => {
      const taken = parameters.get(name)
      return taken ? { slot, name, parameters: taken } : { slot, name }
    })
    .sort((one, other) => one.slot - other.slot)
  return { bytes, slots, labels, maps, functions: starts }
}

const parametersOf = (program: Program): ReadonlyMap<string, readonly Parameter[]> =>
  new Map(program.flatMap((item) => (isLabel(item) && item.parameters ? [[item.label, item.parameters] as const] : [])))

const place = (program: Program): Pick<Assembly, 'slots' | 'labels'> => {
  const slots: (Instruction | undefined)[] = []
  const labels = new Map<string, number>()
  let last: Note | undefined
  for (const item of program) {
    if (isLabel(item)) {
      if (labels.has(item.label)) throw new AssemblyError(`the label '${item.label}' is defined twice`, last)
      labels.set(item.label, slots.length)
    } else {
      slots.push(item)
      if (slotCount(item) === 2) slots.push(undefined)
      last = item.note
    }
  }
  for (const [name, slot] of labels) {
    if (slot === slots.length)
      throw new AssemblyError(`the label '${name}' stands at the end, before no instruction`, last)
  }
  return { slots, labels }
}

const resolve = (instruction: Instruction, distance: number): Instruction => {
  if (isFunctionReference(instruction)) {
    const imm64 = instruction.opcode === loadImmediate64 ? { imm64: BigInt.asUintN(32, BigInt(distance)) } : {}
    return { ...instruction, ...imm64, imm: distance }
  }
  if (distance >= -(2 ** 15) && distance < 2 ** 15) return { ...instruction, offset: distance }
  throw new AssemblyError(
    `'${instruction.target}' is ${Math.abs(distance)} instructions away, a jump back reaches 32768: put what is far into a function`,
    instruction.note,
  )
}

const encode = (view: DataView, slot: number, { opcode, dst, src, offset, imm, imm64 }: Instruction): void => {
  const at = slot * slotBytes
  view.setUint8(at, opcode)
  view.setUint8(at + 1, (registerNumber(src) << 4) | registerNumber(dst))
  view.setInt16(at + 2, offset, true)
  if (imm64 === undefined) {
    view.setInt32(at + 4, imm, true)
    return
  }
  view.setUint32(at + 4, Number(imm64 & 0xffff_ffffn), true)
  view.setUint32(at + 12, Number(imm64 >> 32n), true)
}
