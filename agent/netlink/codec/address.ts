/** MAC and IP addresses between text and bytes. */
import { isIP } from 'node:net'
import { CodecError } from './attribute.ts'

/** `02:00:00:00:00:01` of its bytes, of any length. */
export const formatMac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')

/** Throws CodecError where it is not six octets in hexadecimal, separated by colons. */
export const parseMac = (text: string): Buffer => {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new CodecError(`"${text}" is not a MAC address`)
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}

/** Bytes of an IPv4 (4) or IPv6 (16) address. Throws CodecError where it is neither. */
export const parseIp = (text: string): Buffer => {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number))
  if (isIP(text) === 6 && !text.includes('%')) return parseIp6(text)
  throw new CodecError(`"${text}" is not an IP address`)
}

const parseIp6 = (text: string): Buffer => {
  // The last four bytes may be written as an IPv4 address (RFC 4291, 2.2).
  const dotted = /^(.*:)([0-9.]+\.[0-9.]+)$/.exec(text)
  const plain = dotted ? `${dotted[1]}${hexPair(parseIp(dotted[2] ?? ''))}` : text
  const [head = '', tail] = plain.split('::')
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const front = groups(head)
  const back = groups(tail)
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length
  const all = [...front, ...Array<string>(zeros).fill('0'), ...back]
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

const hexPair = (four: Buffer): string => `${four.readUInt16BE(0).toString(16)}:${four.readUInt16BE(2).toString(16)}`

/** Text of 4 or 16 bytes, IPv6 in the form of RFC 5952; '' for any other length. */
export const formatIp = (bytes: Buffer): string => {
  if (bytes.length === 4) return Array.from(bytes).join('.')
  if (bytes.length !== 16) return ''
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  const [start, length] = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** First and length of the longest run of zero groups, the first one of equals (RFC 5952, 4.2). */
const longestZeros = (groups: readonly string[]): readonly [start: number, length: number] => {
  let best: readonly [number, number] = [0, 0]
  let start = 0
  groups.forEach((group, index) => {
    if (group !== '0') start = index + 1
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start]
  })
  return best
}

/** `10.0.0.1/24`: an address and the length of its prefix, which is the whole address where none is given. */
export const parsePrefix = (text: string): { readonly address: Buffer; readonly length: number } => {
  const [host = '', length, rest] = text.split('/')
  const address = parseIp(host)
  const bits = length === undefined ? address.length * 8 : Number(length)
  const whole = length === undefined || /^[0-9]{1,3}$/.test(length)
  if (!whole || bits > address.length * 8 || rest !== undefined) throw new CodecError(`"${text}" is not a prefix`)
  return { address, length: bits }
}
