/**
 * What encoder and decoder share: the shape of an attribute and the error of both (netlink(7), rtnetlink(7)).
 *
 *      0                   16                  31
 *     +-------------------+-+-+-----------------+
 *     | length, header too|N|O|      type       |   N: nested, O: network byte order
 *     +-------------------+-+-+-----------------+
 *     | value, padded with zeros to 4 bytes     |
 *     +-----------------------------------------+
 */
export const headerBytes = 4
export const nestedFlag = 0x8000
/** The type without its two flags. */
export const typeMask = 0x3fff

export const align = (length: number): number => (length + 3) & ~3

/** An attribute as it came, for what this version does not know. */
export interface RawAttribute {
  readonly type: number
  readonly value: Buffer
}

/** Bytes that are no netlink message, or values that fit in none. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly code = 'ERR_NETLINK_CODEC'
}
