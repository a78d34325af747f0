/** From bytes back to instructions, for what others loaded and for tests. */
import { AssemblyError } from './error.ts'
import { type Instruction, registerName } from './instruction.ts'
import { aluOp, jumpOp, loadImmediate64, mode, opClass, sourceRegister } from './opcode.ts'

const slotBytes = 8

/** Throws AssemblyError where the bytes are no whole instructions or name a register that does not exist. */
export const disassemble = (bytes: Uint8Array): readonly Instruction[] => {
  if (bytes.length % slotBytes !== 0) throw new AssemblyError(`${bytes.length} bytes are no whole instructions`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const instructions: Instruction[] = []
  for (let at = 0; at < bytes.length; at += slotBytes) {
    const opcode = view.getUint8(at)
    const registers = view.getUint8(at + 1)
    const imm = view.getInt32(at + 4, true)
    const dst = registerName(registers & 15)
    const src = readsSource(opcode) ? registerName(registers >> 4) : registers >> 4
    const instruction = { opcode, dst, src, offset: view.getInt16(at + 2, true), imm }
    if (opcode !== loadImmediate64) {
      instructions.push(instruction)
      continue
    }
    at += slotBytes
    if (at === bytes.length) throw new AssemblyError('the last instruction lacks its second half')
    instructions.push({ ...instruction, imm64: (BigInt(view.getUint32(at + 4, true)) << 32n) | BigInt(imm >>> 0) })
  }
  return instructions
}

/** Whether the source field is a register, as the verbs would have written it. */
const readsSource = (opcode: number): boolean => {
  const kind = opcode & 7
  const operation = opcode & 0xf0
  if (kind === opClass.ldx) return true
  if (kind === opClass.stx) return (opcode & 0xe0) === mode.mem || (opcode & 0xe0) === mode.atomic
  if (kind === opClass.ld || kind === opClass.st) return false
  if ((kind === opClass.alu || kind === opClass.alu64) && operation === aluOp.end) return false
  return (opcode & sourceRegister) !== 0 && operation !== jumpOp.call
}
