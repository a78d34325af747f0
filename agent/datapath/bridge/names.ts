/**
 * Names of the interfaces that make a link. A name has at most 15 bytes (IFNAMSIZ without the final zero), less than a
 * VNet's and a link's names need, so it is a digest of them: the same on every run, hence found again after a restart.
 */
import { createHash } from 'node:crypto'

/** RFC 4648's base 32 in lower case: 5 bits a character. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** 13 characters: 65 bits, so that even a million links meet each other's name with a chance of 1 in 10^7. */
export const digest = (...parts: readonly string[]): string => {
  const hash = createHash('sha256').update(parts.join('\0')).digest()
  return Array.from(hash.subarray(0, 13), (byte) => alphabet[byte & 31]).join('')
}

/** Bridge of a link. */
export const bridgeName = (vnet: string, link: string): string => `wb${digest(vnet, link)}`

/** Tunnel device of one of its segments; the identifier (VNI) tells a relay's two apart. */
export const tunnelName = (vnet: string, link: string, identifier: number): string =>
  `wt${digest(vnet, link, String(identifier))}`
