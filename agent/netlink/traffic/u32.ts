/**
 * The filter that compares words of a packet (tc-u32(8); TCA_U32_*), and its hash tables: a filter may lead into a table, whose
 * bucket is a word of the packet under a mask. Offsets count from the network header.
 *
 *     handle = table (12 bits) : bucket (8 bits) : node (12 bits); table 800 is the root
 */
import { readS32, readU16, writeS32, writeU16 } from '../codec/byte-order.ts'
import type { AttributeDecoder } from '../codec/decoder.ts'
import type { AttributeEncoder } from '../codec/encoder.ts'

/** A word at an offset, under a mask; the value and the mask as they read in the packet. */
export interface U32Key {
  readonly offset: number
  readonly mask: number
  readonly value: number
}

export interface U32 {
  readonly kind: 'u32'
  /** Class that a match is put into; 0: none. */
  readonly classId: number
  /** Handle of the bucket that the filter hangs in; 0: the root table. */
  readonly table: number
  /** Handle of the table that a match leads into; 0: none. */
  readonly link: number
  /** Buckets of a table: a power of 2; 0: this is a filter, not a table. */
  readonly divisor: number
  readonly keys: readonly U32Key[]
  /** Word of the packet that chooses the bucket of `link`. */
  readonly hash: { readonly offset: number; readonly mask: number } | undefined
}

/** TC_U32_TERMINAL: a match ends here, in a class. */
const terminal = 1
const selectorBytes = 16
const keyBytes = 16

/** `u32HandleOf(1, 5)` is bucket 5 of table 1. */
export const u32Handle = (table: number, bucket = 0, node = 0): number => ((table << 20) | (bucket << 12) | node) >>> 0

/** A table: `tc filter add … handle 1: u32 divisor 256`. */
export const u32Table = (divisor: number): U32 => ({ ...u32Match([], 0), divisor })

/** A filter: `tc filter add … u32 ht TABLE match u32 VALUE MASK at OFFSET flowid CLASS`. */
export const u32Match = (keys: readonly U32Key[], classId: number, table = 0): U32 => ({
  kind: 'u32',
  classId,
  table,
  link: 0,
  divisor: 0,
  keys,
  hash: undefined,
})

/** A filter that leads into a table: `tc filter add … u32 match … link TABLE hashkey mask MASK at OFFSET`. */
export const u32Link = (keys: readonly U32Key[], link: number, hash: U32['hash']): U32 => ({
  ...u32Match(keys, 0),
  link,
  hash,
})

export const encodeU32 = (encoder: AttributeEncoder, { classId, table, link, divisor, keys, hash }: U32): void => {
  if (divisor !== 0) {
    encoder.u32(4, divisor)
    return
  }
  if (classId !== 0) encoder.u32(1, classId)
  if (table !== 0) encoder.u32(2, table)
  if (link !== 0) encoder.u32(3, link)
  encoder.bytes(5, encodeSelector(keys, hash, classId !== 0))
}

/** struct tc_u32_sel: u8 flags, offshift, nkeys, pad, be16 offmask, u16 off, s16 offoff, s16 hoff, be32 hmask, keys. */
const encodeSelector = (keys: readonly U32Key[], hash: U32['hash'], ends: boolean): Buffer => {
  const bytes = Buffer.alloc(selectorBytes + keys.length * keyBytes)
  bytes.writeUInt8(ends ? terminal : 0, 0)
  bytes.writeUInt8(keys.length, 2)
  writeU16(bytes, hash?.offset ?? 0, 10)
  bytes.writeUInt32BE(hash?.mask ?? 0, 12)
  keys.forEach(({ mask, value, offset }, number) => {
    const at = selectorBytes + number * keyBytes
    bytes.writeUInt32BE(mask, at)
    bytes.writeUInt32BE(value, at + 4)
    writeS32(bytes, offset, at + 8)
  })
  return bytes
}

export const decodeU32 = (decoder: AttributeDecoder): U32 => {
  const u32: { -readonly [K in keyof U32]: U32[K] } = { ...u32Match([], 0) }
  while (decoder.next()) {
    if (decoder.type === 1) u32.classId = decoder.u32()
    else if (decoder.type === 2) u32.table = decoder.u32()
    else if (decoder.type === 3) u32.link = decoder.u32()
    else if (decoder.type === 4) u32.divisor = decoder.u32()
    else if (decoder.type === 5 && decoder.value.length >= selectorBytes) {
      const bytes = decoder.value
      const mask = bytes.readUInt32BE(12)
      if (mask !== 0) u32.hash = { offset: readU16(bytes, 10), mask }
      u32.keys = decodeKeys(bytes.subarray(selectorBytes))
    }
  }
  return u32
}

const decodeKeys = (bytes: Buffer): readonly U32Key[] =>
  Array.from({ length: Math.floor(bytes.length / keyBytes) }, (_, number) => {
    const at = number * keyBytes
    return { mask: bytes.readUInt32BE(at), value: bytes.readUInt32BE(at + 4), offset: readS32(bytes, at + 8) }
  })
