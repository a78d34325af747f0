/**
 * The least type information (BTF; the kernel's Documentation/bpf/btf.rst) that makes the verifier accept functions that helpers call back,
 * and gives functions names in its log: each is `static int NAME()`.
 */
import type { FunctionStart } from './asm/asm.ts'

/** Kinds, in bits 24 to 28 of a type's info. */
const kind = { int: 1, function: 12, prototype: 13 } as const
const headerBytes = 24

const u32s = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value >>> 0, index * 4)
  })
  return bytes
}

/** A name in C: labels may hold anything. */
const identifier = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_')

export interface FunctionTypes {
  /** For BPF_BTF_LOAD. */
  readonly btf: Buffer
  /** struct bpf_func_info a function: u32 insn_off, u32 type_id. */
  readonly functionInfo: Buffer
}

export const functionInfoBytes = 8

/** `program` is what the one at slot 0 is called. Little-endian, as the program. */
export const describeFunctions = (program: string, functions: readonly FunctionStart[]): FunctionTypes => {
  let strings = '\0'
  const string = (text: string): number => {
    const at = strings.length
    strings += `${text}\0`
    return at
  }
  const signed = 1 << 24
  const types = [
    u32s(string('int'), kind.int << 24, 4, signed | 32), // 1
    u32s(0, kind.prototype << 24, 1), // 2: returns type 1, takes nothing
    ...functions.map(({ name }) => u32s(string(identifier(name || program)), kind.function << 24, 2)),
  ]
  const typeBytes = Buffer.concat(types)
  const stringBytes = Buffer.from(strings, 'latin1')
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16LE(0xeb9f, 0)
  header.writeUInt8(1, 2)
  header.writeUInt32LE(headerBytes, 4)
  header.writeUInt32LE(typeBytes.length, 12)
  header.writeUInt32LE(typeBytes.length, 16)
  header.writeUInt32LE(stringBytes.length, 20)
  return {
    btf: Buffer.concat([header, typeBytes, stringBytes]),
    functionInfo: Buffer.concat(functions.map(({ slot }, index) => u32s(slot, index + 3))),
  }
}
