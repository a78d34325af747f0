/** Neighbours and forwarding entries of bridges (RTM_*NEIGH, struct ndmsg, linux/neighbour.h; `ip neighbour`, `bridge fdb`). */
import { formatIp, formatMac, parseIp, parseMac } from './codec/address.ts'
import { readS32, readU16, writeS32, writeU16 } from './codec/byte-order.ts'
import { AttributeDecoder } from './codec/decoder.ts'
import { AttributeEncoder } from './codec/encoder.ts'
import { type Message, messageFlag } from './codec/message.ts'
import type { Request } from './socket/request.ts'

export interface Neighbour {
  /** AF_*: 2 and 10 neighbours, 7 (AF_BRIDGE) forwarding entries. */
  readonly family: number
  readonly index: number
  /** IP address, of a tunnel's forwarding entry the remote one; '' for none. */
  readonly address: string
  readonly mac: string
  /** NUD_*: 0x80 permanent, 0x40 noarp, 0x02 reachable. */
  readonly state: number
  /** NTF_*. */
  readonly flags: number
}

const rtm = { newNeighbour: 28, deleteNeighbour: 29, getNeighbour: 30 } as const
const permanent = 0x80
const afBridge = 7

const header = (family: number, index: number, state: number): Buffer => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(family, 0)
  writeS32(bytes, index, 4)
  writeU16(bytes, state, 8)
  return bytes
}

const oneNeighbour = (type: number, flags: number, index: number, address: string, mac?: string) => {
  const bytes = parseIp(address)
  const encoder = new AttributeEncoder().fixed(header(bytes.length === 4 ? 2 : 10, index, mac ? permanent : 0))
  encoder.bytes(1, bytes)
  if (mac !== undefined) encoder.bytes(2, parseMac(mac))
  return { type, flags, body: encoder.finish(), subject: `${address} dev ${index}` }
}

/** `ip neighbour replace ADDRESS lladdr MAC dev INDEX nud permanent`. */
export const addNeighbour = (index: number, address: string, mac: string): Request => ({
  ...oneNeighbour(rtm.newNeighbour, messageFlag.create | messageFlag.replace, index, address, mac),
  operation: 'neighbour replace',
})

/** `ip neighbour del ADDRESS dev INDEX`; ENOENT where there is none. */
export const deleteNeighbour = (index: number, address: string): Request => ({
  ...oneNeighbour(rtm.deleteNeighbour, 0, index, address),
  operation: 'neighbour del',
})

/** `ip neighbour show`, as a dump of both families. */
export const dumpNeighbours = (): Request => ({
  type: rtm.getNeighbour,
  flags: 0,
  body: header(0, 0, 0),
  operation: 'neighbour show',
  subject: '',
})

/** `bridge fdb show`, as a dump of all bridges and tunnels. */
export const dumpForwarding = (): Request => ({
  type: rtm.getNeighbour,
  flags: 0,
  body: header(afBridge, 0, 0),
  operation: 'fdb show',
  subject: '',
})

/** Reads a message of type RTM_NEWNEIGH or RTM_DELNEIGH. Throws CodecError. */
export const decodeNeighbour = ({ body }: Message): Neighbour => {
  let address = ''
  let mac = ''
  const decoder = new AttributeDecoder(body.subarray(12))
  while (decoder.next()) {
    if (decoder.type === 1) address = formatIp(decoder.value)
    else if (decoder.type === 2) mac = formatMac(decoder.value)
  }
  decoder.finish()
  return {
    family: body.readUInt8(0),
    index: readS32(body, 4),
    address,
    mac,
    state: readU16(body, 8),
    flags: body.readUInt8(10),
  }
}
