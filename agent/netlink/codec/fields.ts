/**
 * Attributes that are plain settings, as a table: the name of a setting, its attribute and its form. One table gives the
 * type, the encoder and the decoder of a link kind's data.
 */
import { formatIp, formatMac, parseIp, parseMac } from './address.ts'
import { CodecError, type RawAttribute } from './attribute.ts'
import { AttributeDecoder, rawAttributes } from './decoder.ts'
import type { AttributeEncoder } from './encoder.ts'

export interface Field<T> {
  readonly type: number
  put(encoder: AttributeEncoder, value: T): void
  get(decoder: AttributeDecoder): T
}

export type FieldTable = Readonly<Record<string, Field<unknown>>>

export type Values<F extends FieldTable> = {
  readonly [K in keyof F]?: F[K] extends Field<infer T> ? T : never
}

export const u8 = (type: number): Field<number> => ({
  type,
  put: (encoder, value) => encoder.u8(type, value),
  get: (decoder) => decoder.u8(),
})

/** One byte, 0 or 1. */
export const bool = (type: number): Field<boolean> => ({
  type,
  put: (encoder, value) => encoder.u8(type, value ? 1 : 0),
  get: (decoder) => decoder.u8() !== 0,
})

/** Four bytes, 0 or 1. */
export const bool32 = (type: number): Field<boolean> => ({
  type,
  put: (encoder, value) => encoder.u32(type, value ? 1 : 0),
  get: (decoder) => decoder.u32() !== 0,
})

export const u16 = (type: number): Field<number> => ({
  type,
  put: (encoder, value) => encoder.u16(type, value),
  get: (decoder) => decoder.u16(),
})

export const u16be = (type: number): Field<number> => ({
  type,
  put: (encoder, value) => encoder.u16be(type, value),
  get: (decoder) => decoder.u16be(),
})

export const u32 = (type: number): Field<number> => ({
  type,
  put: (encoder, value) => encoder.u32(type, value),
  get: (decoder) => decoder.u32(),
})

export const u32be = (type: number): Field<number> => ({
  type,
  put: (encoder, value) => encoder.u32be(type, value),
  get: (decoder) => decoder.u32be(),
})

export const text = (type: number): Field<string> => ({
  type,
  put: (encoder, value) => encoder.string(type, value),
  get: (decoder) => decoder.string(),
})

/** `02:00:00:00:00:01`. */
export const mac = (type: number): Field<string> => ({
  type,
  put: (encoder, value) => encoder.bytes(type, parseMac(value)),
  get: (decoder) => formatMac(decoder.value),
})

/** An IPv4 or IPv6 address as text; which of the two, its length says. */
export const ip = (type: number): Field<string> => ({
  type,
  put: (encoder, value) => encoder.bytes(type, parseIp(value)),
  get: (decoder) => formatIp(decoder.value),
})

export const encodeFields = <F extends FieldTable>(encoder: AttributeEncoder, table: F, values: Values<F>): void => {
  for (const [name, field] of Object.entries(table)) {
    const value = values[name as keyof F]
    if (value !== undefined) field.put(encoder, value)
  }
}

type Index = ReadonlyMap<number, { readonly name: string; readonly field: Field<unknown> }>
const indices = new WeakMap<FieldTable, Index>()

/** A table by attribute, made once. */
const indexed = (table: FieldTable): Index => {
  const known = indices.get(table)
  if (known !== undefined) return known
  const index = new Map(Object.entries(table).map(([name, field]) => [field.type, { name, field }]))
  if (index.size !== Object.keys(table).length) throw new CodecError('two fields of one table share an attribute')
  indices.set(table, index)
  return index
}

/** Reads the attributes that the table names. Throws CodecError. */
export const decodeFields = <F extends FieldTable>(bytes: Buffer, table: F): Values<F> => {
  const byType = indexed(table)
  const values: Record<string, unknown> = {}
  const decoder = new AttributeDecoder(bytes)
  while (decoder.next()) {
    const known = byType.get(decoder.type)
    if (known !== undefined) values[known.name] = known.field.get(decoder)
  }
  decoder.finish()
  return values as Values<F>
}

/** The attributes that the table does not name, as they came. */
export const unknownFields = (bytes: Buffer, table: FieldTable): readonly RawAttribute[] => {
  const byType = indexed(table)
  return rawAttributes(bytes, (type) => !byType.has(type))
}
