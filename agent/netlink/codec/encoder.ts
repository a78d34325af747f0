/**
 * Writes attributes. A value that does not fit is remembered and thrown by finish(), once: the calls between need no check.
 */
import { align, CodecError, headerBytes, nestedFlag } from './attribute.ts'
import { writeS32, writeU16, writeU32, writeU64 } from './byte-order.ts'

export class AttributeEncoder {
  #bytes = Buffer.alloc(256)
  #length = 0
  #error: CodecError | undefined

  /** What stands before the attributes: the family's fixed header (struct ifinfomsg, tcmsg, …). */
  fixed(bytes: Uint8Array): this {
    this.#reserve(align(bytes.length))
    this.#bytes.set(bytes, this.#length)
    this.#length += align(bytes.length)
    return this
  }

  u8(type: number, value: number): this {
    return this.#integer(type, value, 1, 0xff, (bytes, offset) => bytes.writeUInt8(value, offset))
  }

  u16(type: number, value: number): this {
    return this.#integer(type, value, 2, 0xffff, (bytes, offset) => writeU16(bytes, value, offset))
  }

  u32(type: number, value: number): this {
    return this.#integer(type, value, 4, 0xffff_ffff, (bytes, offset) => writeU32(bytes, value, offset))
  }

  /** Also of a number: rates and counters stay below 2^53. */
  u64(type: number, value: bigint | number): this {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) return this.#fail(type, `${value} is no integer`)
    const wide = BigInt(value)
    if (wide < 0n || wide > 0xffff_ffff_ffff_ffffn) return this.#fail(type, `${value} does not fit in 64 bits`)
    return this.#attribute(type, 8, (bytes, offset) => writeU64(bytes, wide, offset))
  }

  s32(type: number, value: number): this {
    if (value !== (value | 0)) return this.#fail(type, `${value} does not fit in a signed integer of 32 bits`)
    return this.#attribute(type, 4, (bytes, offset) => writeS32(bytes, value, offset))
  }

  u16be(type: number, value: number): this {
    return this.#integer(type, value, 2, 0xffff, (bytes, offset) => bytes.writeUInt16BE(value, offset))
  }

  u32be(type: number, value: number): this {
    return this.#integer(type, value, 4, 0xffff_ffff, (bytes, offset) => bytes.writeUInt32BE(value, offset))
  }

  /** With the final zero that the kernel expects of NLA_NUL_STRING and bears with in NLA_STRING. */
  string(type: number, value: string): this {
    if (value.includes('\0')) return this.#fail(type, 'a string holds a zero')
    return this.bytes(type, Buffer.from(`${value}\0`))
  }

  bytes(type: number, value: Uint8Array): this {
    return this.#attribute(type, value.length, (bytes, offset) => bytes.set(value, offset))
  }

  /** An attribute that says all by being there. */
  flag(type: number): this {
    return this.bytes(type, new Uint8Array(0))
  }

  nested(type: number, fill: (inner: this) => void): this {
    const start = this.#length
    this.bytes(type | nestedFlag, new Uint8Array(0))
    fill(this)
    const length = this.#length - start
    if (length > 0xffff) return this.#fail(type, `${length} bytes are more than an attribute holds`)
    writeU16(this.#bytes, length, start)
    return this
  }

  /** The bytes written. Throws the first error of all calls before. */
  finish(): Buffer {
    if (this.#error !== undefined) throw this.#error
    return this.#bytes.subarray(0, this.#length)
  }

  #integer(type: number, value: number, width: number, max: number, write: (bytes: Buffer, at: number) => void): this {
    if (Number.isInteger(value) && value >= 0 && value <= max) return this.#attribute(type, width, write)
    return this.#fail(type, `${value} does not fit in ${width * 8} bits`)
  }

  #attribute(type: number, size: number, write: (bytes: Buffer, offset: number) => void): this {
    const length = headerBytes + size
    if (length > 0xffff) return this.#fail(type, `${size} bytes are more than an attribute holds`)
    this.#reserve(align(length))
    writeU16(this.#bytes, length, this.#length)
    writeU16(this.#bytes, type, this.#length + 2)
    write(this.#bytes, this.#length + headerBytes)
    this.#length += align(length)
    return this
  }

  #fail(type: number, what: string): this {
    this.#error ??= new CodecError(`attribute ${type & ~nestedFlag}: ${what}`)
    return this
  }

  /** Grown bytes are zero, so padding needs no writing. */
  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + size))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
