/**
 * Names of the interfaces that make a link. A name has at most 15 bytes (IFNAMSIZ without the final zero), less than a
 * VNet's and a link's names need, so it is a digest of them: the same on every run, hence found again after a restart.
 */
import { createHash } from 'node:crypto'
import type { Segment } from '../../../proto/generated/weft.v1.ts'

/** RFC 4648's base 32 in lower case: 5 bits a character. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** 13 characters: 65 bits, so that even a million links meet each other's name with a chance of 1 in 10^7. */
export const digest = (...parts: readonly string[]): string => {
  const hash = createHash('sha256').update(parts.join('\0')).digest()
  return Array.from(hash.subarray(0, 13), (byte) => alphabet[byte & 31]).join('')
}

/** Bridge of a link. */
export const bridgeName = (vnet: string, link: string): string => `wb${digest(vnet, link)}`

type Named = Pick<Segment, 'technology' | 'identifier' | 'nic'>

/** Tunnel device of one of its segments: what is in the digest tells a relay's two apart. */
export const tunnelName = (vnet: string, link: string, { technology, identifier, nic }: Named): string =>
  `wt${digest(vnet, link, ...placeOf(technology, nic), String(identifier))}`

/** A VLAN cannot move to another NIC, and is another device there. */
const placeOf = (technology: string, nic: string): readonly string[] => {
  if (technology === 'vxlan') return []
  return technology === 'gre' ? [technology] : [technology, nic]
}

/** The 802.1ad device of a service id on a NIC. */
export const serviceName = (nic: string, service: number): string => `ws${digest(nic, String(service))}`
