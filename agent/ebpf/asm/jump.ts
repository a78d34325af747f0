/** Jumps and calls (RFC 9669 section 4.3). `jeq(r1, 5, 'drop')` is `if r1 == 5 goto drop`; a name that ends in 32 compares the low halves. */
import type { Operand } from './arithmetic.ts'
import { type HelperName, helpers } from './helpers.ts'
import type { Instruction, Register } from './instruction.ts'
import { jumpOp, opClass, pseudo, sourceRegister } from './opcode.ts'
import { any32, signed32 } from './range.ts'

type Conditional = (dst: Register, operand: Operand, target: string) => Instruction

const conditional =
  (operation: keyof typeof jumpOp, width: 'jmp' | 'jmp32'): Conditional =>
  (dst, operand, target) => {
    const opcode = jumpOp[operation] | opClass[width]
    if (typeof operand === 'string') {
      return { opcode: opcode | sourceRegister, dst, src: operand, offset: 0, imm: 0, target }
    }
    return { opcode, dst, src: 0, offset: 0, imm: width === 'jmp' ? signed32(operand) : any32(operand), target }
  }

export const jeq = conditional('jeq', 'jmp')
export const jne = conditional('jne', 'jmp')
/** Unsigned, as jge, jlt and jle. */
export const jgt = conditional('jgt', 'jmp')
export const jge = conditional('jge', 'jmp')
export const jlt = conditional('jlt', 'jmp')
export const jle = conditional('jle', 'jmp')
/** Signed, as jsge, jslt and jsle. */
export const jsgt = conditional('jsgt', 'jmp')
export const jsge = conditional('jsge', 'jmp')
export const jslt = conditional('jslt', 'jmp')
export const jsle = conditional('jsle', 'jmp')
/** `if dst & operand goto target` */
export const jset = conditional('jset', 'jmp')

export const jeq32 = conditional('jeq', 'jmp32')
export const jne32 = conditional('jne', 'jmp32')
export const jgt32 = conditional('jgt', 'jmp32')
export const jge32 = conditional('jge', 'jmp32')
export const jlt32 = conditional('jlt', 'jmp32')
export const jle32 = conditional('jle', 'jmp32')
export const jsgt32 = conditional('jsgt', 'jmp32')
export const jsge32 = conditional('jsge', 'jmp32')
export const jslt32 = conditional('jslt', 'jmp32')
export const jsle32 = conditional('jsle', 'jmp32')
export const jset32 = conditional('jset', 'jmp32')

const plain = (opcode: number, src: number, imm: number): Instruction => ({ opcode, dst: 'r0', src, offset: 0, imm })

/** `goto target` */
export const jump = (target: string): Instruction => ({ ...plain(jumpOp.ja | opClass.jmp, 0, 0), target })

/** Calls a helper of the kernel: arguments in r1 to r5, which are lost, the result in r0. */
export const call = (helper: HelperName): Instruction => plain(jumpOp.call | opClass.jmp, 0, helpers[helper])

/** Calls a function of this program, which begins at a label and ends with `exit`: it has a stack of its own, r6 to r9 are the caller's again afterwards. */
export const callFunction = (target: string): Instruction => ({
  ...plain(jumpOp.call | opClass.jmp, pseudo.call, 0),
  target,
})

/** Returns r0. */
export const exit = (): Instruction => plain(jumpOp.exit | opClass.jmp, 0, 0)
