/** What the kernel refuses, in its own words (struct nlmsgerr and NLMSGERR_ATTR_*, linux/netlink.h). */
import { align } from '../codec/attribute.ts'
import { readS32, readU32 } from '../codec/byte-order.ts'
import { AttributeDecoder } from '../codec/decoder.ts'
import { type Message, messageFlag, messageHeaderBytes, messageType } from '../codec/message.ts'
import { errnoName } from './errno.ts'

/** NETLINK_EXT_ACK: why a request was refused, or a warning with one that was not. */
export interface ExtendedAck {
  /** '' where the kernel says none. */
  readonly message: string
  /** Offset in the request of the attribute that was wrong, header too; undefined where the kernel does not say. */
  readonly offset?: number
  /** Type of an attribute that is missing, and the offset of the nest that it should be in. */
  readonly missingType?: number
  readonly missingNest?: number
}

export interface NetlinkErrorDetails {
  /** Positive. */
  readonly errno: number
  /** As `ip` and `tc` would say it: 'link add'. */
  readonly operation: string
  readonly subject: string
  readonly extendedAck?: ExtendedAck | undefined
  readonly cause?: unknown
}

export class NetlinkError extends Error {
  override readonly name = 'NetlinkError'
  /** The errno's name: 'EEXIST'. */
  readonly code: string
  readonly errno: number
  readonly operation: string
  readonly subject: string
  readonly extendedAck: ExtendedAck | undefined

  constructor(details: NetlinkErrorDetails) {
    const code = errnoName(details.errno)
    const why = details.extendedAck ? describe(details.extendedAck) : ''
    const what = `${details.operation} ${details.subject}`.trim()
    super(`${what}: ${code}${why}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.errno = details.errno
    this.operation = details.operation
    this.subject = details.subject
    this.extendedAck = details.extendedAck
  }
}

const describe = ({ message, offset, missingType }: ExtendedAck): string => {
  const parts = [
    message,
    missingType === undefined ? '' : `attribute ${missingType} is missing`,
    offset === undefined ? '' : `at offset ${offset}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

export interface Acknowledgement {
  /** 0: done. */
  readonly errno: number
  readonly extendedAck: ExtendedAck | undefined
}

/** Reads a message of type error or done: both begin with a number and may end with attributes. */
export const decodeAcknowledgement = (message: Message): Acknowledgement => {
  const { body } = message
  const errno = body.length < 4 ? 0 : -readS32(body)
  if ((message.flags & messageFlag.ackAttributes) === 0) return { errno, extendedAck: undefined }
  return { errno, extendedAck: decodeExtendedAck(body.subarray(attributesOffset(message, errno))) }
}

/** The request is repeated in an error: whole where it failed and is not capped, else its header only. */
const attributesOffset = ({ type, flags, body }: Message, errno: number): number => {
  if (type === messageType.done) return 4
  const whole = errno !== 0 && (flags & messageFlag.capped) === 0
  return 4 + (whole && body.length >= 8 ? align(readU32(body, 4)) : messageHeaderBytes)
}

const decodeExtendedAck = (bytes: Buffer): ExtendedAck => {
  const decoder = new AttributeDecoder(bytes)
  const ack: { -readonly [K in keyof ExtendedAck]: ExtendedAck[K] } = { message: '' }
  while (decoder.next()) {
    if (decoder.type === 1) ack.message = decoder.string()
    else if (decoder.type === 2) ack.offset = decoder.u32()
    else if (decoder.type === 5) ack.missingType = decoder.u32()
    else if (decoder.type === 6) ack.missingNest = decoder.u32()
  }
  // No finish(): an explanation that cannot be read must not hide the error that it explains.
  return ack
}
