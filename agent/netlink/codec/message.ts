/**
 * Messages, of which a datagram holds one or more (struct nlmsghdr, netlink(7)):
 *
 *     u32 length, header too | u16 type | u16 flags | u32 sequence | u32 port id | body, padded to 4 bytes
 */
import { align, CodecError } from './attribute.ts'
import { readU16, readU32, writeU16, writeU32 } from './byte-order.ts'

export const messageHeaderBytes = 16

/** Types below 16 are netlink's own. */
export const messageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const

export const messageFlag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  echo: 0x8,
  dumpInterrupted: 0x10,
  /** Of a get request: NLM_F_ROOT | NLM_F_MATCH. */
  dump: 0x300,
  /** Of a new request. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** Of an error message. */
  capped: 0x100,
  ackAttributes: 0x200,
} as const

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly portId: number
  readonly body: Buffer
}

export const encodeMessage = (message: Message): Buffer => {
  const length = messageHeaderBytes + message.body.length
  const bytes = Buffer.alloc(align(length))
  writeU32(bytes, length, 0)
  writeU16(bytes, message.type, 4)
  writeU16(bytes, message.flags, 6)
  writeU32(bytes, message.sequence, 8)
  writeU32(bytes, message.portId, 12)
  bytes.set(message.body, messageHeaderBytes)
  return bytes
}

/** The messages of one datagram; bodies are views of it. Throws CodecError where a length does not fit. */
export const decodeMessages = (datagram: Buffer): readonly Message[] => {
  const messages: Message[] = []
  let offset = 0
  while (datagram.length - offset >= messageHeaderBytes) {
    const length = readU32(datagram, offset)
    if (length < messageHeaderBytes || offset + length > datagram.length) {
      throw new CodecError(`message of length ${length} at offset ${offset} of ${datagram.length} bytes`)
    }
    messages.push({
      type: readU16(datagram, offset + 4),
      flags: readU16(datagram, offset + 6),
      sequence: readU32(datagram, offset + 8),
      portId: readU32(datagram, offset + 12),
      body: datagram.subarray(offset + messageHeaderBytes, offset + length),
    })
    offset += align(length)
  }
  return messages
}
