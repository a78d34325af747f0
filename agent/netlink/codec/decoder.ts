/**
 * Reads attributes, one after the other:
 *
 *     const decoder = new AttributeDecoder(bytes)
 *     while (decoder.next()) {
 *       if (decoder.type === IFLA_MTU) mtu = decoder.u32()
 *       else unknown.push(decoder.raw())
 *     }
 *     decoder.finish()
 *
 * What is malformed is remembered and thrown by finish(), once; until then reading it gives zeros. Values are views of the
 * bytes given, not copies.
 */
import { align, CodecError, headerBytes, type RawAttribute, typeMask } from './attribute.ts'
import { readS32, readU16, readU32, readU64 } from './byte-order.ts'

export class AttributeDecoder {
  readonly #bytes: Buffer
  /** Where the value of the attribute that next() went to begins, and its length. */
  #start = 0
  #length = 0
  #next = 0
  #error: CodecError | undefined
  /** Of the attribute that next() went to, without flags. */
  type = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Goes to the next attribute; false at the end and after an error. */
  next(): boolean {
    if (this.#error !== undefined || this.#bytes.length - this.#next < headerBytes) return false
    const length = readU16(this.#bytes, this.#next)
    if (length < headerBytes || this.#next + length > this.#bytes.length) {
      this.#fail(`length ${length} at offset ${this.#next} of ${this.#bytes.length} bytes`)
      return false
    }
    this.type = readU16(this.#bytes, this.#next + 2) & typeMask
    this.#start = this.#next + headerBytes
    this.#length = length - headerBytes
    this.#next += align(length)
    return true
  }

  /** A view is made only when it is asked for: a dump has a hundred attributes a link, of which few are looked at. */
  get value(): Buffer {
    return this.#bytes.subarray(this.#start, this.#start + this.#length)
  }

  raw(): RawAttribute {
    return { type: this.type, value: this.value }
  }

  u8(): number {
    return this.#sized(1) ? this.#bytes.readUInt8(this.#start) : 0
  }

  u16(): number {
    return this.#sized(2) ? readU16(this.#bytes, this.#start) : 0
  }

  u32(): number {
    return this.#sized(4) ? readU32(this.#bytes, this.#start) : 0
  }

  u64(): bigint {
    return this.#sized(8) ? readU64(this.#bytes, this.#start) : 0n
  }

  s32(): number {
    return this.#sized(4) ? readS32(this.#bytes, this.#start) : 0
  }

  u16be(): number {
    return this.#sized(2) ? this.#bytes.readUInt16BE(this.#start) : 0
  }

  u32be(): number {
    return this.#sized(4) ? this.#bytes.readUInt32BE(this.#start) : 0
  }

  /** Up to the final zero, where there is one. */
  string(): string {
    const end = this.#start + this.#length
    const zero = this.#bytes.indexOf(0, this.#start)
    return this.#bytes.toString('utf8', this.#start, zero < 0 || zero > end ? end : zero)
  }

  /** Reads the attributes within; what is malformed there is malformed here. */
  nested<T>(read: (inner: AttributeDecoder) => T): T {
    const inner = new AttributeDecoder(this.value)
    const result = read(inner)
    this.#error ??= inner.#error
    return result
  }

  /** Throws the first error of all calls before. */
  finish(): void {
    if (this.#error !== undefined) throw this.#error
  }

  #sized(size: number): boolean {
    if (this.#length === size) return true
    this.#fail(`${this.#length} bytes where ${size} were expected`)
    return false
  }

  #fail(what: string): void {
    this.#error ??= new CodecError(`attribute ${this.type}: ${what}`)
  }
}

/** Attributes of the types asked for, as they came. */
export const rawAttributes = (bytes: Buffer, isWanted: (type: number) => boolean): readonly RawAttribute[] => {
  const raw: RawAttribute[] = []
  const decoder = new AttributeDecoder(bytes)
  while (decoder.next()) if (isWanted(decoder.type)) raw.push(decoder.raw())
  return raw
}
