/** Instructions as the verifier's log prints them (the kernel's kernel/bpf/disasm.c), labels and maps by name where they are known. */
import { formatHelper } from './helpers.ts'
import { type Instruction, isLabel, type Note, type Program, registerNumber } from './instruction.ts'
import {
  aluOp,
  atomicOp,
  jumpOp,
  loadImmediate64,
  mode,
  opClass,
  pseudo,
  type Size,
  sizeBits,
  sourceRegister,
} from './opcode.ts'

const aluSymbols: Readonly<Record<number, string>> = {
  [aluOp.add]: '+=',
  [aluOp.sub]: '-=',
  [aluOp.mul]: '*=',
  [aluOp.div]: '/=',
  [aluOp.or]: '|=',
  [aluOp.and]: '&=',
  [aluOp.lsh]: '<<=',
  [aluOp.rsh]: '>>=',
  [aluOp.mod]: '%=',
  [aluOp.xor]: '^=',
  [aluOp.mov]: '=',
  [aluOp.arsh]: 's>>=',
}

const jumpSymbols: Readonly<Record<number, string>> = {
  [jumpOp.jeq]: '==',
  [jumpOp.jgt]: '>',
  [jumpOp.jge]: '>=',
  [jumpOp.jset]: '&',
  [jumpOp.jne]: '!=',
  [jumpOp.jsgt]: 's>',
  [jumpOp.jsge]: 's>=',
  [jumpOp.jlt]: '<',
  [jumpOp.jle]: '<=',
  [jumpOp.jslt]: 's<',
  [jumpOp.jsle]: 's<=',
}

const sizes: ReadonlyMap<number, Size> = new Map(Object.entries(sizeBits).map(([size, bits]) => [bits, size as Size]))

/** `r1 = *(u8 *)(r2 +0)`, without the opcode in front. */
export const formatInstruction = (instruction: Instruction): string => {
  const { opcode } = instruction
  const text = formatters[opcode & 7]?.(instruction)
  return text ?? `unknown opcode ${hex(opcode)}`
}

const hex = (opcode: number): string => opcode.toString(16).padStart(2, '0')
const signed = (value: number): string => (value < 0 ? `${value}` : `+${value}`)
const dstOf = ({ dst }: Instruction, letter = 'r'): string => `${letter}${registerNumber(dst)}`
const srcOf = ({ src }: Instruction, letter = 'r'): string => `${letter}${registerNumber(src)}`
const byRegister = ({ opcode }: Instruction): boolean => (opcode & sourceRegister) !== 0
const sizeOf = ({ opcode }: Instruction): Size => sizes.get(opcode & 0x18) ?? 'u64'
const memory = (instruction: Instruction, register: string): string =>
  `(${sizeOf(instruction)} *)(${register} ${signed(instruction.offset)})`

type Formatter = (instruction: Instruction) => string | undefined

const arithmetic =
  (letter: 'r' | 'w'): Formatter =>
  (instruction) => {
    const dst = dstOf(instruction, letter)
    const operation = instruction.opcode & 0xf0
    if (operation === aluOp.neg) return `${dst} = -${dst}`
    if (operation === aluOp.end) {
      // Always named by the whole register, whatever the width.
      const name = dstOf(instruction)
      return `${name} = ${byRegister(instruction) ? 'be' : 'le'}${instruction.imm} ${name}`
    }
    const symbol = aluSymbols[operation]
    return symbol && `${dst} ${symbol} ${byRegister(instruction) ? srcOf(instruction, letter) : instruction.imm}`
  }

const jump =
  (letter: 'r' | 'w'): Formatter =>
  (instruction) => {
    const { opcode, offset, imm, src, target } = instruction
    const operation = opcode & 0xf0
    if (operation === jumpOp.exit) return 'exit'
    if (operation === jumpOp.call) {
      return src === pseudo.call ? `call ${target ?? `pc${signed(imm)}`}` : `call ${formatHelper(imm)}`
    }
    const place = target ?? `pc${signed(offset)}`
    if (operation === jumpOp.ja) return `goto ${place}`
    const operand = byRegister(instruction) ? srcOf(instruction, letter) : `0x${(imm >>> 0).toString(16)}`
    const symbol = jumpSymbols[operation]
    return symbol && `if ${dstOf(instruction, letter)} ${symbol} ${operand} goto ${place}`
  }

const atomicNames: Readonly<Record<number, string>> = {
  [atomicOp.add]: 'add',
  [atomicOp.or]: 'or',
  [atomicOp.and]: 'and',
  [atomicOp.xor]: 'xor',
}

const atomic: Formatter = (instruction) => {
  const { imm } = instruction
  const place = memory(instruction, dstOf(instruction))
  const src = srcOf(instruction)
  const prefix = sizeOf(instruction) === 'u64' ? 'atomic64' : 'atomic'
  if (imm === atomicOp.xchg) return `${src} = ${prefix}_xchg(${place}, ${src})`
  if (imm === atomicOp.cmpxchg) return `r0 = ${prefix}_cmpxchg(${place}, r0, ${src})`
  if ((imm & atomicOp.fetch) === 0) return aluSymbols[imm] && `lock *${place} ${aluSymbols[imm]} ${src}`
  const name = atomicNames[imm & ~atomicOp.fetch]
  return name && `${src} = ${prefix}_fetch_${name}(${place}, ${src})`
}

const load64: Formatter = (instruction) => {
  const { opcode, src, imm64 = 0n, map, target } = instruction
  if (opcode !== loadImmediate64) return undefined
  const dst = dstOf(instruction)
  const low = imm64 & 0xffff_ffffn
  if (src === pseudo.mapFd) return `${dst} = map[${map ?? `fd:${low}`}]`
  if (src === pseudo.mapValue) return `${dst} = map[${map ?? `fd:${low}`}][0]+${imm64 >> 32n}`
  if (src === pseudo.function) return `${dst} = func ${target ?? `pc${signed(Number(BigInt.asIntN(32, low)))}`}`
  return `${dst} = 0x${imm64.toString(16)}`
}

const stored: Formatter = (instruction) =>
  (instruction.opcode & 0xe0) === mode.mem
    ? `*${memory(instruction, dstOf(instruction))} = ${instruction.imm}`
    : undefined

const formatters: Readonly<Record<number, Formatter>> = {
  [opClass.ld]: load64,
  [opClass.ldx]: (instruction) =>
    (instruction.opcode & 0xe0) === mode.mem
      ? `${dstOf(instruction)} = *${memory(instruction, srcOf(instruction))}`
      : undefined,
  [opClass.st]: stored,
  [opClass.stx]: (instruction) => {
    const how = instruction.opcode & 0xe0
    if (how === mode.atomic) return atomic(instruction)
    return how === mode.mem ? `*${memory(instruction, dstOf(instruction))} = ${srcOf(instruction)}` : undefined
  },
  [opClass.alu]: arithmetic('w'),
  [opClass.alu64]: arithmetic('r'),
  [opClass.jmp]: jump('r'),
  [opClass.jmp32]: jump('w'),
}

/** A program before it is assembled: `12: (07) r1 += 5`, labels on lines of their own, a comment where the note changes. */
export const formatProgram = (program: Program): string => {
  const lines: string[] = []
  let slot = 0
  let note: Note | undefined
  for (const item of program) {
    if (isLabel(item)) {
      lines.push(`${item.label}:`)
      continue
    }
    if (item.note && (item.note.subject !== note?.subject || item.note.where !== note.where)) {
      lines.push(`; ${item.note.subject} (${item.note.where})`)
    }
    note = item.note ?? note
    lines.push(`${String(slot).padStart(5)}: (${hex(item.opcode)}) ${formatInstruction(item)}`)
    slot += item.opcode === loadImmediate64 ? 2 : 1
  }
  return `${lines.join('\n')}\n`
}
