/** The legacy frame of LZ4, in which kernels are packed. https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md, lz4_Block_format.md */

const magic = 0x184c2102
/** Of what a block holds, by the format. */
const blockBytes = 8 * 1024 * 1024
const shortestMatch = 4

export const isLz4 = (bytes: Buffer): boolean => bytes.length >= 8 && bytes.readUInt32LE(0) === magic

/** Appends what a block holds at `at` of `out`; the end of it comes back. Throws RangeError where it is damaged. */
const unpackBlock = (block: Buffer, out: Buffer, at: number): number => {
  let from = 0
  let to = at
  const lengthOf = (nibble: number): number => {
    let length = nibble
    if (nibble < 15) return length
    for (let more = 255; more === 255; length += more) more = block.readUInt8(from++)
    return length
  }
  while (from < block.length) {
    const token = block.readUInt8(from++)
    const literals = lengthOf(token >> 4)
    if (from + literals > block.length) throw new RangeError('a block of LZ4 ends early')
    block.copy(out, to, from, from + literals)
    from += literals
    to += literals
    // The last sequence has literals alone.
    if (from >= block.length) break
    const distance = block.readUInt16LE(from)
    from += 2
    const length = lengthOf(token & 15) + shortestMatch
    if (distance === 0 || distance > to - at || to + length > out.length) {
      throw new RangeError('a block of LZ4 refers to what it does not have')
    }
    // What is copied may be what is just being written: a run.
    if (distance >= length) out.copy(out, to, to - distance, to - distance + length)
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance] as number
    to += length
  }
  return to
}

/** Throws RangeError where it is damaged. */
export const unpackLz4 = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = []
  for (let at = 4; at + 4 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at)
    at += 4
    if (at + size > bytes.length) throw new RangeError('a frame of LZ4 ends early')
    const part = Buffer.allocUnsafe(blockBytes)
    parts.push(part.subarray(0, unpackBlock(bytes.subarray(at, at + size), part, 0)))
    at += size
  }
  return Buffer.concat(parts)
}
