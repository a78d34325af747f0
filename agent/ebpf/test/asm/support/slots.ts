import { assemble, type Program } from '../../../asm/asm.ts'

/** A slot a line: opcode, registers, offset, immediate, as `assemble` writes them. */
export const slots = (program: Program): readonly string[] => {
  const hex = Buffer.from(assemble(program).bytes).toString('hex')
  return (hex.match(/.{16}/g) ?? []).map((slot) => slot.replace(/^(..)(..)(....)(.{8})$/, '$1 $2 $3 $4'))
}
