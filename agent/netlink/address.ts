/** IP addresses of links (RTM_*ADDR, struct ifaddrmsg, linux/if_addr.h; `ip address`). */
import { formatIp, parsePrefix } from './codec/address.ts'
import { readU32, writeU32 } from './codec/byte-order.ts'
import { AttributeDecoder } from './codec/decoder.ts'
import { AttributeEncoder } from './codec/encoder.ts'
import { type Message, messageFlag } from './codec/message.ts'
import type { Request } from './socket/request.ts'

export interface Address {
  /** Of the link. */
  readonly index: number
  /** 4 or 6. */
  readonly family: 4 | 6
  /** `10.0.0.1/24`. */
  readonly address: string
  /** 0 everywhere, 253 the link, 254 the host. */
  readonly scope: number
  /** IFA_F_*. */
  readonly flags: number
}

/** `scope link`: IPv6 gives itself such addresses. */
export const scopeLink = 253
/** IFA_F_NODAD: no duplicate address detection, so that an IPv6 address works at once. */
const flagNoDad = 0x02

const rtm = { newAddress: 20, deleteAddress: 21, getAddress: 22 } as const
const afInet = 2
const afInet6 = 10

const header = (family: number, prefixLength: number, index: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt8(family, 0)
  bytes.writeUInt8(prefixLength, 1)
  writeU32(bytes, index, 4)
  return bytes
}

const oneAddress = (type: number, flags: number, index: number, prefix: string): Omit<Request, 'operation'> => {
  const { address, length } = parsePrefix(prefix)
  const inet = address.length === 4
  const encoder = new AttributeEncoder().fixed(header(inet ? afInet : afInet6, length, index))
  encoder.bytes(2, address).bytes(1, address)
  if (!inet) encoder.u32(8, flagNoDad)
  return { type, flags, body: encoder.finish(), subject: `${prefix} dev ${index}` }
}

/** `ip address replace ADDRESS/LENGTH dev INDEX` (nodad): one that is there already is no error. */
export const addAddress = (index: number, prefix: string): Request => ({
  ...oneAddress(rtm.newAddress, messageFlag.create | messageFlag.replace, index, prefix),
  operation: 'address replace',
})

/** `ip address del ADDRESS/LENGTH dev INDEX`; EADDRNOTAVAIL where there is none. */
export const deleteAddress = (index: number, prefix: string): Request => ({
  ...oneAddress(rtm.deleteAddress, 0, index, prefix),
  operation: 'address del',
})

/** `ip address show [dev X]`, as a dump of both families; a kernel without strict checking tells of all links. */
export const dumpAddresses = (index = 0): Request => ({
  type: rtm.getAddress,
  flags: 0,
  body: header(0, 0, index),
  operation: 'address show',
  subject: index === 0 ? '' : `dev ${index}`,
})

/** Reads a message of type RTM_NEWADDR or RTM_DELADDR. Throws CodecError. */
export const decodeAddress = ({ body }: Message): Address => {
  let local = ''
  let address = ''
  let flags = body.readUInt8(2)
  const decoder = new AttributeDecoder(body.subarray(8))
  while (decoder.next()) {
    // IFA_ADDRESS is the far end of a point-to-point link; where there is no IFA_LOCAL it is the address.
    if (decoder.type === 1) address = formatIp(decoder.value)
    else if (decoder.type === 2) local = formatIp(decoder.value)
    else if (decoder.type === 8) flags = decoder.u32()
  }
  decoder.finish()
  return {
    index: readU32(body, 4),
    family: body.readUInt8(0) === afInet ? 4 : 6,
    address: `${local || address}/${body.readUInt8(1)}`,
    scope: body.readUInt8(3),
    flags,
  }
}
