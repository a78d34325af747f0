/**
 * Programs out of clang's objects for BPF (ELF64, little-endian; elf(5), RFC 9669): one section of instructions, whose references to external
 * symbols name maps. No functions, no constants in sections of their own: a program that has any is refused.
 */
import { disassemble, type Instruction, type Program } from '../../agent/ebpf/asm/asm.ts'

interface Section {
  readonly name: string
  readonly type: number
  readonly bytes: Buffer
  readonly link: number
}

const relocations = 9
const headerBytes = { section: 64, symbol: 24, relocation: 16 } as const
/** R_BPF_64_64: the immediate of an instruction of two slots. */
const wideImmediate = 1
/** BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE */
const pseudo = { map: 1, value: 2 } as const

const stringAt = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, bytes.indexOf(0, at))

const sectionsOf = (file: Buffer): readonly Section[] => {
  const from = Number(file.readBigUInt64LE(40))
  const headers = Array.from({ length: file.readUInt16LE(60) }, (_, i) =>
    file.subarray(from + i * headerBytes.section, from + (i + 1) * headerBytes.section),
  )
  const bytesOf = (header: Buffer | undefined): Buffer => {
    if (!header) throw new Error('the object has no names of sections')
    const at = Number(header.readBigUInt64LE(24))
    return file.subarray(at, at + Number(header.readBigUInt64LE(32)))
  }
  const names = bytesOf(headers[file.readUInt16LE(62)])
  return headers.map((header) => ({
    name: stringAt(names, header.readUInt32LE(0)),
    type: header.readUInt32LE(4),
    bytes: bytesOf(header),
    link: header.readUInt32LE(40),
  }))
}

/** Names of symbols by what is to be put for them: byte offset of the instruction in the section. */
const referencesOf = (sections: readonly Section[], name: string): ReadonlyMap<number, string> => {
  const found = new Map<number, string>()
  const table = sections.find((section) => section.type === relocations && section.name === `.rel${name}`)
  const symbols = sections[table?.link ?? 0]
  const names = sections[symbols?.link ?? 0]?.bytes
  if (!table || !symbols || !names) return found
  for (let at = 0; at < table.bytes.length; at += headerBytes.relocation) {
    const symbol = table.bytes.readUInt32LE(at + 12) * headerBytes.symbol
    const section = symbols.bytes.readUInt16LE(symbol + 6)
    const called = stringAt(names, symbols.bytes.readUInt32LE(symbol))
    if (table.bytes.readUInt32LE(at + 8) !== wideImmediate || section !== 0) {
      throw new Error(`the object refers to '${called}', which is no external symbol`)
    }
    found.set(Number(table.bytes.readBigUInt64LE(at)), called)
  }
  return found
}

/**
 * The instructions of a section. A symbol is the value of the map of its name (`counters[3]`: its byte 24), one of `objects` the map itself.
 * Throws Error where there is none, AssemblyError.
 */
export const readObject = (file: Buffer, name: string, objects: ReadonlySet<string>): Program => {
  const sections = sectionsOf(file)
  const code = sections.find((section) => section.name === name)
  if (!code) throw new Error(`the object has no section '${name}'`)
  const references = referencesOf(sections, name)
  let at = 0
  return disassemble(code.bytes).map((instruction): Instruction => {
    const map = references.get(at)
    at += instruction.imm64 === undefined ? 8 : 16
    if (map === undefined) return instruction
    const offset = instruction.imm64 ?? 0n
    const isObject = objects.has(map)
    return {
      ...instruction,
      src: isObject ? pseudo.map : pseudo.value,
      imm: 0,
      imm64: isObject ? 0n : offset << 32n,
      map,
    }
  })
}
