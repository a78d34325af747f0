/** What kinds of instructions passes tell apart. */
import type { Instruction } from './instruction.ts'
import { jumpOp, loadImmediate64, opClass, pseudo } from './opcode.ts'

const callOpcode = jumpOp.call | opClass.jmp

/** What refers to the start of a function, rather than to a place in the same one: its distance stands in `imm`, of 32 bits. */
export const isFunctionReference = ({ opcode, src }: Instruction): boolean =>
  opcode === callOpcode || (opcode === loadImmediate64 && src === pseudo.function)

/** What never goes on with the next instruction: `exit` and `goto`. */
export const isJumpAway = ({ opcode }: Instruction): boolean =>
  opcode === (jumpOp.exit | opClass.jmp) || opcode === (jumpOp.ja | opClass.jmp)
