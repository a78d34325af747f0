/**
 * Messages as plain readonly objects: binary (proto3) and canonical JSON, over protobufjs' reflection.
 *
 * A decoded message has every scalar and every list, at its default where the wire had none; a sub-message or a
 * member of a oneof that was not sent is missing. 64-bit integers are numbers: values beyond 2^53 - 1 are refused.
 */
import protobuf from 'protobufjs'
import { WeftError } from './errors.ts'
import { descriptor, type Messages } from './generated/weft.v1.ts'
import { plainOf } from './plain.ts'

export type MessageName = keyof Messages

/** What create() accepts: any part of a message, at any depth. */
export type Init<T> = T extends Uint8Array
  ? Uint8Array
  : T extends readonly (infer U)[]
    ? readonly Init<U>[]
    : T extends object
      ? { readonly [K in keyof T]?: Init<T[K]> | undefined }
      : T

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace)
root.resolveAll()

const types = new Map<string, protobuf.Type>()

const typeOf = (name: string): protobuf.Type => {
  let type = types.get(name)
  if (!type) {
    type = root.lookupType(`weft.v1.${name}`)
    types.set(name, type)
  }
  return type
}

const toPlain = <N extends MessageName>(name: N, source: object): Messages[N] =>
  plainOf(typeOf(name))(source as Record<string, unknown>) as unknown as Messages[N]

/** A whole message from the parts given; the rest is at its defaults. */
export const create = <N extends MessageName>(
  name: N,
  init: Init<Messages[N]> = {} as Init<Messages[N]>,
): Messages[N] => toPlain(name, init)

/** Binary form (proto3). Equal messages give equal bytes. */
export const encode = <N extends MessageName>(name: N, message: Messages[N]): Uint8Array => {
  const type = typeOf(name)
  return type.encode(type.fromObject(message as Record<string, unknown>)).finish()
}

/** Errors: `message.malformed` where the bytes are no such message. */
export const decode = <N extends MessageName>(name: N, bytes: Uint8Array): Messages[N] => {
  try {
    return toPlain(name, typeOf(name).decode(bytes))
  } catch (cause) {
    throw new WeftError('message.malformed', `${bytes.length} bytes are not a ${name}: ${(cause as Error).message}`)
  }
}

/** Canonical proto3 JSON, defaults left out, as a value for JSON.stringify. */
export const toJson = <N extends MessageName>(name: N, message: Messages[N]): unknown => {
  const type = typeOf(name)
  return type.toObject(type.fromObject(message as Record<string, unknown>), {
    longs: String,
    enums: String,
    bytes: String,
    json: true,
  })
}

/**
 * From canonical proto3 JSON; 64-bit integers as strings or numbers, enums by name.
 * Errors: `message.malformed`, with the path of the member, for unknown members and wrong types.
 */
export const fromJson = <N extends MessageName>(name: N, json: unknown): Messages[N] =>
  toPlain(name, checkMessage(typeOf(name), json, '') as object)

const fail = (path: string, right: string): never => {
  throw new WeftError('message.malformed', `${path || 'the message'} is not ${right}`)
}

/** Parsers must also take the names of the .proto (canonical JSON mapping). */
const lowerCamel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function checkMessage(type: protobuf.Type, json: unknown, path: string): unknown {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return fail(path, `an object (${type.name})`)
  const result: Record<string, unknown> = {}
  const chosen = new Map<string, string>()
  for (const [key, value] of Object.entries(json)) {
    const at = path ? `${path}.${key}` : key
    const field = type.fields[key] ?? type.fields[lowerCamel(key)]
    if (!field) {
      const known = Object.keys(type.fields).join(', ') || 'none'
      throw new WeftError('message.malformed', `${at} is unknown`, { hint: `members of ${type.name}: ${known}` })
    }
    if (value === null) continue
    const oneof = field.partOf
    if (oneof && !field.options?.['proto3_optional']) {
      const other = chosen.get(oneof.name)
      if (other) fail(at, `allowed beside ${other}: one of them only`)
      chosen.set(oneof.name, key)
    }
    if (field.repeated) {
      if (!Array.isArray(value)) fail(at, 'a list')
      result[field.name] = (value as unknown[]).map((item, i) => checkValue(field, item, `${at}[${i}]`))
    } else result[field.name] = checkValue(field, value, at)
  }
  return result
}

function checkValue(field: protobuf.Field, value: unknown, path: string): unknown {
  const resolved = field.resolvedType
  if (resolved instanceof protobuf.Type) return checkMessage(resolved, value, path)
  if (resolved instanceof protobuf.Enum) {
    const names = Object.keys(resolved.values)
    return typeof value === 'string' && names.includes(value) ? value : fail(path, `one of ${names.join(', ')}`)
  }
  switch (field.type) {
    case 'string':
      return typeof value === 'string' ? value : fail(path, 'a string')
    case 'bool':
      return typeof value === 'boolean' ? value : fail(path, 'true or false')
    case 'bytes':
      return typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)
        ? Buffer.from(value, 'base64')
        : fail(path, 'a base64 string')
    case 'double': {
      return typeof value === 'number' ? value : fail(path, 'a number')
    }
    default: {
      const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return fail(path, 'an integer below 2^53')
      if (field.type.startsWith('u') && number < 0) return fail(path, 'an integer of at least 0')
      if (field.type.endsWith('32') && (number > 0xffffffff || number < -0x80000000))
        return fail(path, 'a 32-bit integer')
      return number
    }
  }
}
