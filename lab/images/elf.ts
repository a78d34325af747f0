/** What an ELF file of 64 bits needs to run: its loader and its shared libraries. elf(5) */

export interface Needs {
  /** Path of the dynamic loader; undefined for a library and for what is linked statically. */
  readonly interpreter?: string
  /** Sonames, for instance `libc.so.6`. */
  readonly libraries: readonly string[]
}

const segmentInterpreter = 3
const segmentDynamic = 2
const segmentLoad = 1
const tagNeeded = 1n
const tagStrings = 5n

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

const segmentsOf = (file: Buffer): readonly Segment[] => {
  const start = Number(file.readBigUInt64LE(0x20))
  const size = file.readUInt16LE(0x36)
  return Array.from({ length: file.readUInt16LE(0x38) }, (_, i) => {
    const at = start + i * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

const textAt = (file: Buffer, at: number): string => file.toString('latin1', at, file.indexOf(0, at))

/** undefined for a file that is none of 64 bits, least significant byte first. */
export const needsOf = (file: Buffer): Needs | undefined => {
  if (file.length < 64 || file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined
  const segments = segmentsOf(file)
  const interpreter = segments.find(({ type }) => type === segmentInterpreter)
  const dynamic = segments.find(({ type }) => type === segmentDynamic)
  const entries: (readonly [bigint, number])[] = []
  for (let i = 0; dynamic && i < dynamic.size; i += 16) {
    const at = dynamic.offset + i
    entries.push([file.readBigUInt64LE(at), Number(file.readBigUInt64LE(at + 8))])
  }
  const strings = entries.find(([tag]) => tag === tagStrings)?.[1] ?? 0
  const holder = segments.find(
    ({ type, address, size }) => type === segmentLoad && address <= strings && strings < address + size,
  )
  const base = strings - (holder?.address ?? 0) + (holder?.offset ?? 0)
  const libraries = entries.filter(([tag]) => tag === tagNeeded).map(([, offset]) => textAt(file, base + offset))
  return { ...(interpreter ? { interpreter: textAt(file, interpreter.offset) } : {}), libraries }
}
