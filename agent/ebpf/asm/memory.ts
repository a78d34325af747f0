/** Loads, stores and atomic operations (RFC 9669 section 5), in the order of an assignment: `stx('u32', r10, -4, r1)` is `*(u32 *)(r10 -4) = r1`. */
import { AssemblyError } from './error.ts'
import type { Instruction, Register } from './instruction.ts'
import { atomicOp, loadImmediate64, mode, opClass, pseudo, type Size, sizeBits } from './opcode.ts'
import { offset16, signed32 } from './range.ts'

/** `dst = *(size *)(src + offset)`, the bits above cleared. */
export const ldx = (size: Size, dst: Register, src: Register, offset: number): Instruction => ({
  opcode: mode.mem | sizeBits[size] | opClass.ldx,
  dst,
  src,
  offset: offset16(offset),
  imm: 0,
})

/** `*(size *)(dst + offset) = src` */
export const stx = (size: Size, dst: Register, offset: number, src: Register): Instruction => ({
  opcode: mode.mem | sizeBits[size] | opClass.stx,
  dst,
  src,
  offset: offset16(offset),
  imm: 0,
})

const largest = { u8: 2 ** 8, u16: 2 ** 16, u32: 2 ** 32 } as const

const storable = (size: Size, value: number): number => {
  if (size === 'u64') return signed32(value)
  if (Number.isInteger(value) && value < largest[size] && value >= -largest[size] / 2) return value | 0
  throw new AssemblyError(`${value} does not fit ${size}`)
}

/** `*(size *)(dst + offset) = value`, signed or unsigned; of u64 an immediate of 32 bits whose sign is extended. Not into the context. */
export const st = (size: Size, dst: Register, offset: number, value: number): Instruction => ({
  opcode: mode.mem | sizeBits[size] | opClass.st,
  dst,
  src: 0,
  offset: offset16(offset),
  imm: storable(size, value),
})

type Atomic = (size: 'u32' | 'u64', dst: Register, offset: number, src: Register) => Instruction

const atomic =
  (operation: number): Atomic =>
  (size, dst, offset, src) => ({
    opcode: mode.atomic | sizeBits[size] | opClass.stx,
    dst,
    src,
    offset: offset16(offset),
    imm: operation,
  })

/** `lock *(size *)(dst + offset) += src`. Not into packets. */
export const atomicAdd = atomic(atomicOp.add)
export const atomicOr = atomic(atomicOp.or)
export const atomicAnd = atomic(atomicOp.and)
export const atomicXor = atomic(atomicOp.xor)
/** As `atomicAdd`, the old value in src. */
export const atomicFetchAdd = atomic(atomicOp.add | atomicOp.fetch)
/** Exchanges src and memory. */
export const atomicExchange = atomic(atomicOp.xchg)
/** Stores src where memory is r0; the old value in r0. */
export const atomicCompareExchange = atomic(atomicOp.cmpxchg)

const wide = (dst: Register, src: number, imm64: bigint): Instruction => ({
  opcode: loadImmediate64,
  dst,
  src,
  offset: 0,
  imm: Number(BigInt.asIntN(32, imm64)),
  imm64: BigInt.asUintN(64, imm64),
})

/** `dst = value`, of 64 bits, signed or unsigned. Takes two slots. */
export const ldImm64 = (dst: Register, value: bigint): Instruction => {
  if (value < -(1n << 63n) || value >= 1n << 64n) throw new AssemblyError(`${value} does not fit 64 bits`)
  return wide(dst, 0, value)
}

/** `dst = map`, as helpers take it: by the name that the map has when the program is loaded. */
export const ldMapFd = (dst: Register, map: string): Instruction => ({ ...wide(dst, pseudo.mapFd, 0n), map })

/** `dst = &map[0] + offset`: the value of an array of one entry, without a lookup. */
export const ldMapValue = (dst: Register, map: string, offset = 0): Instruction => {
  if (!Number.isInteger(offset) || offset < 0 || offset >= 2 ** 32)
    throw new AssemblyError(`${offset} is no offset into a map`)
  // The second slot's immediate is the offset, the first one's will be the descriptor.
  return { ...wide(dst, pseudo.mapValue, BigInt(offset) << 32n), map }
}

/** `dst = function`, for helpers that call back (bpf_loop). */
export const ldFunction = (dst: Register, target: string): Instruction => ({
  ...wide(dst, pseudo.function, 0n),
  target,
})
