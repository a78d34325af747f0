/** Moves and arithmetic (RFC 9669 section 4.1). `add(r1, 5)` is `r1 += 5`; a name that ends in 32 works on the low half and clears the high one. */
import type { Instruction, Register } from './instruction.ts'
import { aluOp, opClass, sourceRegister } from './opcode.ts'
import { any32, signed32 } from './range.ts'

/** A register, or an immediate of 32 bits: signed in 64-bit forms, which extend its sign; either way in 32-bit ones. */
export type Operand = Register | number
type Arithmetic = (dst: Register, operand: Operand) => Instruction

const arithmetic =
  (operation: keyof typeof aluOp, width: 'alu' | 'alu64'): Arithmetic =>
  (dst, operand) => {
    const opcode = aluOp[operation] | opClass[width]
    if (typeof operand === 'string') return { opcode: opcode | sourceRegister, dst, src: operand, offset: 0, imm: 0 }
    const imm = width === 'alu64' ? signed32(operand) : any32(operand)
    return { opcode, dst, src: 0, offset: 0, imm }
  }

export const mov = arithmetic('mov', 'alu64')
export const add = arithmetic('add', 'alu64')
export const sub = arithmetic('sub', 'alu64')
export const mul = arithmetic('mul', 'alu64')
/** Unsigned; by a register that is 0: 0. */
export const div = arithmetic('div', 'alu64')
/** Unsigned; by a register that is 0: unchanged. */
export const mod = arithmetic('mod', 'alu64')
export const and = arithmetic('and', 'alu64')
export const or = arithmetic('or', 'alu64')
export const xor = arithmetic('xor', 'alu64')
export const lsh = arithmetic('lsh', 'alu64')
export const rsh = arithmetic('rsh', 'alu64')
/** With the sign. */
export const arsh = arithmetic('arsh', 'alu64')

export const mov32 = arithmetic('mov', 'alu')
export const add32 = arithmetic('add', 'alu')
export const sub32 = arithmetic('sub', 'alu')
export const mul32 = arithmetic('mul', 'alu')
export const div32 = arithmetic('div', 'alu')
export const mod32 = arithmetic('mod', 'alu')
export const and32 = arithmetic('and', 'alu')
export const or32 = arithmetic('or', 'alu')
export const xor32 = arithmetic('xor', 'alu')
export const lsh32 = arithmetic('lsh', 'alu')
export const rsh32 = arithmetic('rsh', 'alu')
export const arsh32 = arithmetic('arsh', 'alu')

const unary = (opcode: number, dst: Register, imm = 0): Instruction => ({ opcode, dst, src: 0, offset: 0, imm })

/** `r1 = -r1` */
export const neg = (dst: Register): Instruction => unary(aluOp.neg | opClass.alu64, dst)
export const neg32 = (dst: Register): Instruction => unary(aluOp.neg | opClass.alu, dst)

/**
 * Between the machine's byte order and the network's, either way: `r1 = be16 r1`. Keeps the low `bits` and clears the others, also
 * where nothing is to swap.
 */
export const be = (dst: Register, bits: 16 | 32 | 64): Instruction =>
  unary(aluOp.end | opClass.alu | sourceRegister, dst, bits)
/** Between the machine's byte order and the little one: on little-endian machines only clears the bits above. */
export const le = (dst: Register, bits: 16 | 32 | 64): Instruction => unary(aluOp.end | opClass.alu, dst, bits)
