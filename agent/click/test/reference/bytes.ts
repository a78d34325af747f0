/** Addresses and checksums of the reference, by the plainest means. */
import type { ReferencePacket } from './packet.ts'

export const ip = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
export const ipNumber = (text: string): number => ip(text).readUInt32BE()
export const ipText = (bytes: Uint8Array): string => [...bytes.subarray(0, 4)].join('.')
export const mac = (text: string): Buffer => Buffer.from(text.split(/[:-]/).map((byte) => Number.parseInt(byte, 16)))
export const macText = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('-')

/** From the network header to the end of the packet. */
export const header = (packet: ReferencePacket): Buffer => packet.buffer.subarray(packet.network, packet.end)

/** Bytes of an IP header, as it says. */
export const headerLength = (head: Uint8Array): number => ((head[0] ?? 0) & 15) * 4

export const isFirstFragment = (head: Buffer): boolean => (head.readUInt16BE(6) & 0x1fff) === 0

/** The one's complement sum of big-endian words (RFC 1071). */
export const onesSum = (...parts: readonly Uint8Array[]): number => {
  let sum = 0
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) + (part[i + 1] ?? 0)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  }
  return sum
}

export const checksum = (...parts: readonly Uint8Array[]): number => ~onesSum(...parts) & 0xffff

/** The field that keeps a sum what it was, right or wrong, where `from` became `to` (RFC 1624, equation 3). */
export const updated = (sum: number, from: Uint8Array, to: Uint8Array): number => {
  const words = Buffer.alloc(4)
  words.writeUInt16BE(~sum & 0xffff, 0)
  words.writeUInt16BE(~onesSum(from) & 0xffff, 2)
  return ~onesSum(words, to) & 0xffff
}

/** An address and a mask: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1`. */
export const prefixOf = (text: string): { readonly address: number; readonly own: number; readonly mask: number } => {
  const [address = '', bits = '32'] = text.split('/')
  const full = [...address.split('.'), '0', '0', '0'].slice(0, 4).join('.')
  const mask = bits.includes('.') ? ipNumber(bits) : Number(bits) === 0 ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0
  const own = ipNumber(full)
  return { address: (own & mask) >>> 0, own, mask }
}

export const setIpChecksum = (head: Buffer): void => {
  head.writeUInt16BE(0, 10)
  head.writeUInt16BE(checksum(head.subarray(0, headerLength(head))), 10)
}
