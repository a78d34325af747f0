/** Ranges of operands, checked where an instruction is written, so that the stack of the error leads there. */
import { AssemblyError } from './error.ts'

const inRange = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

/** Of an instruction of 64 bits: the immediate is sign-extended, so what is above 2^31 would silently become something else. */
export const signed32 = (value: number): number => {
  if (inRange(value, -(2 ** 31), 2 ** 31 - 1)) return value
  throw new AssemblyError(`${value} is no immediate of 32 signed bits: load it with ldImm64 or use the form of 32 bits`)
}

/** Of an instruction of 32 bits: signed or unsigned, the same bits. */
export const any32 = (value: number): number => {
  if (inRange(value, -(2 ** 31), 2 ** 32 - 1)) return value | 0
  throw new AssemblyError(`${value} does not fit 32 bits`)
}

export const offset16 = (value: number): number => {
  if (inRange(value, -(2 ** 15), 2 ** 15 - 1)) return value
  throw new AssemblyError(`the offset ${value} does not fit 16 signed bits`)
}
