/**
 * The least type information (BTF; the kernel's Documentation/bpf/btf.rst) that makes the verifier accept functions that helpers call back
 * and global ones, and gives functions names in its log: each is `static int NAME()`, a global one `int NAME(…)`.
 */
import type { FunctionStart, Parameter } from './asm/asm.ts'

/** Kinds, in bits 24 to 28 of a type's info. */
const kind = { int: 1, pointer: 2, struct: 4, function: 12, prototype: 13 } as const
/** enum btf_func_linkage, in the low bits of a function's info. */
const linkage = { static: 0, global: 1 } as const
/** What the verifier knows contexts by. */
const contexts = { skb: '__sk_buff', xdp: 'xdp_md' } as const
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
  const types: Buffer[] = []
  const named = new Map<string, number>()
  /** The number of a type, which count from 1; one with a key is written once. */
  const add = (type: Buffer, key?: string): number => {
    const known = key === undefined ? undefined : named.get(key)
    if (known !== undefined) return known
    types.push(type)
    if (key !== undefined) named.set(key, types.length)
    return types.length
  }
  const int = add(u32s(string('int'), kind.int << 24, 4, signed | 32))
  const nothing = add(u32s(0, kind.prototype << 24, int))

  const pointerTo = (name: string, bytes: number): number => {
    const known = named.get(`${name}*`)
    if (known !== undefined) return known
    const struct = add(u32s(string(name), kind.struct << 24, bytes))
    return add(u32s(0, kind.pointer << 24, struct), `${name}*`)
  }
  const typeOf = (parameter: Parameter): number => {
    if (parameter === 'number') return named.get('u64') ?? add(u32s(string('u64'), kind.int << 24, 8, 64), 'u64')
    if (typeof parameter === 'string') return pointerTo(contexts[parameter], 0)
    return pointerTo(`bytes_${parameter.bytes}`, parameter.bytes)
  }
  const prototypeOf = (parameters: readonly Parameter[]): number => {
    const taken = parameters.flatMap((parameter, i) => [string(`r${i + 1}`), typeOf(parameter)])
    return add(u32s(0, (kind.prototype << 24) | parameters.length, int, ...taken))
  }
  const ids = functions.map(({ name, parameters }) => {
    const prototype = parameters ? prototypeOf(parameters) : nothing
    const info = (kind.function << 24) | (parameters ? linkage.global : linkage.static)
    return add(u32s(string(identifier(name || program)), info, prototype))
  })
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
    functionInfo: Buffer.concat(functions.map(({ slot }, index) => u32s(slot, ids[index] ?? 0))),
  }
}
