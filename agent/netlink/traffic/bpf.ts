/**
 * Filters written in BPF (tc-bpf(8); TCA_BPF_*). In direct action what the program returns is what becomes of the packet;
 * otherwise it is the class, or 0 for no match. Classic ones need no bpf(2): the kernel checks and loads the instructions itself.
 */
import { readU16, readU32, writeU16, writeU32 } from '../codec/byte-order.ts'
import type { AttributeDecoder } from '../codec/decoder.ts'
import type { AttributeEncoder } from '../codec/encoder.ts'

/** struct sock_filter, linux/filter.h. */
export interface ClassicInstruction {
  readonly code: number
  readonly jumpTrue: number
  readonly jumpFalse: number
  readonly k: number
}

export interface Bpf {
  readonly kind: 'bpf'
  readonly instructions: readonly ClassicInstruction[]
  readonly directAction: boolean
  /** Of an eBPF program that was attached by someone: its name; '' for classic ones. */
  readonly name: string
  /** Of an eBPF program: the kernel's number of it. */
  readonly programId?: number
}

/** An eBPF program that bpf(2) loaded, to attach in direct action. */
export interface BpfProgramFilter {
  readonly kind: 'bpf-program'
  /** The number of a descriptor of this process. */
  readonly descriptor: number
  readonly name: string
}

/** TC_ACT_*, linux/pkt_cls.h. */
export const action = { unspecified: -1, ok: 0, shot: 2 } as const

/** `ret #k`: BPF_RET | BPF_K. */
export const ret = (k: number): ClassicInstruction => ({ code: 0x06, jumpTrue: 0, jumpFalse: 0, k: k >>> 0 })

const instructionBytes = 8
const directActionFlag = 1

export const encodeBpf = (encoder: AttributeEncoder, { instructions, directAction }: Bpf): void => {
  const bytes = Buffer.alloc(instructions.length * instructionBytes)
  instructions.forEach(({ code, jumpTrue, jumpFalse, k }, number) => {
    const at = number * instructionBytes
    writeU16(bytes, code, at)
    bytes.writeUInt8(jumpTrue, at + 2)
    bytes.writeUInt8(jumpFalse, at + 3)
    writeU32(bytes, k, at + 4)
  })
  encoder.u16(4, instructions.length).bytes(5, bytes)
  if (directAction) encoder.u32(8, directActionFlag)
}

/** TCA_BPF_FD, TCA_BPF_NAME, TCA_BPF_FLAGS */
export const encodeBpfProgram = (encoder: AttributeEncoder, { descriptor, name }: BpfProgramFilter): void => {
  encoder.u32(6, descriptor).string(7, name).u32(8, directActionFlag)
}

export const decodeBpf = (decoder: AttributeDecoder): Bpf => {
  let instructions: readonly ClassicInstruction[] = []
  let directAction = false
  let name = ''
  let programId: number | undefined
  while (decoder.next()) {
    if (decoder.type === 5) instructions = decodeInstructions(decoder.value)
    else if (decoder.type === 7) name = decoder.string()
    else if (decoder.type === 8) directAction = (decoder.u32() & directActionFlag) !== 0
    else if (decoder.type === 11) programId = decoder.u32()
  }
  return { kind: 'bpf', instructions, directAction, name, ...(programId === undefined ? {} : { programId }) }
}

const decodeInstructions = (bytes: Buffer): readonly ClassicInstruction[] =>
  Array.from({ length: Math.floor(bytes.length / instructionBytes) }, (_, number) => {
    const at = number * instructionBytes
    return {
      code: readU16(bytes, at),
      jumpTrue: bytes.readUInt8(at + 2),
      jumpFalse: bytes.readUInt8(at + 3),
      k: readU32(bytes, at + 4),
    }
  })
