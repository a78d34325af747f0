/** IP and Ethernet addresses. IP addresses are unsigned numbers, 10.0.0.1 is 0x0a000001; Ethernet addresses are six bytes. */
import { splitWords } from '../language/strings.ts'
import { type ArgumentType, isRefusal, refuse } from './types.ts'

export interface Prefix {
  readonly address: number
  readonly mask: number
}

export type EtherAddress = readonly [number, number, number, number, number, number]

const toNumber = (bytes: readonly number[]): number => bytes.reduce((value, byte) => value * 256 + byte, 0)

/** One to four decimal numbers with dots between. Without patterns: a table of routes has millions of them. */
const readBytes = (text: string): readonly number[] | undefined => {
  const bytes: number[] = []
  let value = 0
  let digits = 0
  for (let at = 0; at <= text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9 && digits < 3) {
      value = value * 10 + digit
      digits++
    } else {
      const ends = at === text.length || text[at] === '.'
      if (!ends || digits === 0 || value > 255 || bytes.length === 4) return undefined
      bytes.push(value)
      value = 0
      digits = 0
    }
  }
  return bytes
}

export const readIpAddress = (text: string): number | undefined => {
  const bytes = readBytes(text)
  return bytes?.length === 4 ? toNumber(bytes) : undefined
}

export const maskOfLength = (length: number): number => (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)

export const formatIpAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')

/** `10.1/16`, `10.1.0.0/255.255.0.0`; the address keeps the bits outside of the mask. undefined: none. */
export const readIpPrefix = (text: string): Prefix | undefined => {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return undefined
  const bytes = readBytes(text.slice(0, slash))
  const tail = text.slice(slash + 1)
  const mask = /^\d{1,2}$/.test(tail) && Number(tail) <= 32 ? maskOfLength(Number(tail)) : readIpAddress(tail)
  if (!bytes || mask === undefined) return undefined
  // A mask that goes further than the bytes that were written is a slip.
  if (bytes.length < 4 && (mask & ~maskOfLength(bytes.length * 8)) !== 0) return undefined
  return { address: toNumber([...bytes, 0, 0, 0].slice(0, 4)), mask }
}

/** A prefix, or an address that stands for itself alone. */
export const readPrefixOrAddress = (text: string): Prefix | undefined => {
  const address = readIpAddress(text)
  return address === undefined ? readIpPrefix(text) : { address, mask: 0xffff_ffff }
}

export const readEtherAddress = (text: string): EtherAddress | undefined => {
  const match =
    /^([0-9a-fA-F]{1,2})([-:])([0-9a-fA-F]{1,2})\2([0-9a-fA-F]{1,2})\2([0-9a-fA-F]{1,2})\2([0-9a-fA-F]{1,2})\2([0-9a-fA-F]{1,2})$/.exec(
      text,
    )
  if (!match) return undefined
  const [a, b, c, d, e, f] = [1, 3, 4, 5, 6, 7].map((i) => Number.parseInt(match[i] ?? '', 16))
  return [a, b, c, d, e, f] as EtherAddress
}

export const formatEtherAddress = (address: EtherAddress): string =>
  address.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('-')

const optional =
  <T>(read: (text: string) => T | undefined) =>
  (text: string) =>
    read(text) ?? refuse()

export const ipAddress: ArgumentType<number> = { name: 'IP address', parse: optional(readIpAddress) }

export const ipPrefix: ArgumentType<Prefix> = { name: 'IP prefix', parse: optional(readIpPrefix) }

export const prefixOrAddress: ArgumentType<Prefix> = {
  name: 'IP prefix or address',
  parse: optional(readPrefixOrAddress),
}

export const etherAddress: ArgumentType<EtherAddress> = { name: 'Ethernet address', parse: optional(readEtherAddress) }

/** Space-separated values of a type. */
export const listOf = <T>(type: ArgumentType<T>): ArgumentType<readonly T[]> => ({
  name: `list of: ${type.name}`,
  parse: (text) => {
    const values: T[] = []
    for (const word of splitWords(text)) {
      const value = type.parse(word)
      if (isRefusal(value)) return value
      values.push(value)
    }
    return values
  },
})

/** An address, or the word DST_ANNO: that of the packet's destination IP address annotation. */
export const addressOrAnnotation: ArgumentType<number | 'DST_ANNO'> = {
  name: 'IP address or DST_ANNO',
  parse: (text) => (text === 'DST_ANNO' ? text : (readIpAddress(text) ?? refuse())),
}
