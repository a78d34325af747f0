/**
 * Messages of protobufjs, and parts of messages as callers write them, as whole plain objects: every scalar and every list is there, a
 * sub-message or member of a oneof that was not given is not. protobufjs' own conversion marks those by null; to delete them again
 * makes of each message a hash table, which takes several times the memory and time of an object.
 */
import protobuf from 'protobufjs'

type Source = Readonly<Record<string, unknown>>
type Convert = (value: unknown) => unknown

interface Member {
  readonly name: string
  readonly kind: 'list' | 'message' | 'scalar' | 'chosen'
  readonly convert: Convert
  /** Of a scalar. */
  readonly missing: () => unknown
}

const made = new Map<protobuf.Type, (source: Source) => Record<string, unknown>>()

/** The conversion to messages of a type: members in the order of the .proto, so that all messages of a type have one shape. */
export const plainOf = (type: protobuf.Type): ((source: Source) => Record<string, unknown>) => {
  const known = made.get(type)
  if (known) return known
  let members: readonly Member[] | undefined
  const plain = (source: Source): Record<string, unknown> => {
    // Found when first needed: types may contain each other.
    members ??= type.fieldsArray.map(memberOf)
    const result: Record<string, unknown> = {}
    for (const { name, kind, convert, missing } of members) {
      const value = source[name]
      if (kind === 'list') result[name] = Array.isArray(value) ? value.map(convert) : []
      else if (value === undefined || value === null) {
        if (kind === 'scalar') result[name] = missing()
      } else if (kind !== 'chosen' || Object.hasOwn(source, name)) result[name] = convert(value)
    }
    return result
  }
  made.set(type, plain)
  return plain
}

const memberOf = (field: protobuf.Field): Member => {
  const { name, resolvedType, repeated, partOf } = field
  const isMessage = resolvedType instanceof protobuf.Type
  const kind = repeated ? 'list' : partOf ? 'chosen' : isMessage ? 'message' : 'scalar'
  return { name, kind, convert: convertOf(field), missing: missingOf(field) }
}

const convertOf = ({ resolvedType, type }: protobuf.Field): Convert => {
  if (resolvedType instanceof protobuf.Type) {
    const plain = plainOf(resolvedType)
    return (value) => plain(value as Source)
  }
  // An enum's number that is not known stays one.
  if (resolvedType instanceof protobuf.Enum)
    return (value) => (typeof value === 'number' ? (resolvedType.valuesById[value] ?? value) : value)
  // What the wire has of 64 bits is an object of two halves; an integer of ours that is none loses what is behind its point.
  if (type.endsWith('64')) return (value) => Math.trunc(Number(value))
  if (type === 'uint32' || type === 'fixed32') return (value) => Number(value) >>> 0
  if (type.endsWith('32')) return (value) => Number(value) | 0
  // Bytes that the wire did not have are an empty list.
  if (type === 'bytes') return (value) => (value instanceof Uint8Array ? value : Buffer.from(value as number[]))
  return (value) => value
}

const missingOf = ({ resolvedType, type, typeDefault }: protobuf.Field): (() => unknown) => {
  if (resolvedType instanceof protobuf.Enum) {
    const first = resolvedType.valuesById[typeDefault as number]
    return () => first
  }
  if (type === 'bytes') return () => Buffer.alloc(0)
  if (type.endsWith('64')) return () => 0
  return () => typeDefault
}
