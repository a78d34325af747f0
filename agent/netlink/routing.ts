/** Routes (RTM_*ROUTE, struct rtmsg, linux/rtnetlink.h; `ip route`). */
import { formatIp, parseIp, parsePrefix } from './codec/address.ts'
import { readU16, readU32 } from './codec/byte-order.ts'
import { AttributeDecoder } from './codec/decoder.ts'
import { AttributeEncoder } from './codec/encoder.ts'
import { type Message, messageFlag } from './codec/message.ts'
import type { Request } from './socket/request.ts'

export interface Route {
  readonly family: 4 | 6
  /** `10.0.0.0/24`; `0.0.0.0/0` and `::/0` are the default. */
  readonly destination: string
  /** '' for a destination on the link. */
  readonly gateway: string
  /** Link that it leaves by; 0 where there are several or none. */
  readonly index: number
  /** Links of a route with several next hops (`nexthop dev …`), else empty. */
  readonly nextHops: readonly number[]
  readonly table: number
  /** RTPROT_*: 2 the kernel's own, 3 boot, 4 static. */
  readonly protocol: number
  /** RTN_*: 1 unicast, 2 local, 3 broadcast, 5 multicast. */
  readonly kind: number
  readonly metric: number
}

export interface NewRoute {
  readonly destination: string
  readonly gateway?: string
  readonly index?: number
  readonly source?: string
  readonly metric?: number
  readonly table?: number
}

export const mainTable = 254
export const unicast = 1
const rtm = { newRoute: 24, deleteRoute: 25, getRoute: 26 } as const
const protocolStatic = 4
const scope = { universe: 0, link: 253 } as const
const family = (bytes: Buffer): number => (bytes.length === 4 ? 2 : 10)

const oneRoute = (type: number, flags: number, route: NewRoute): Omit<Request, 'operation'> => {
  const { address, length } = parsePrefix(route.destination)
  const { gateway, index, source, metric, table = mainTable } = route
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(family(address), 0)
  bytes.writeUInt8(length, 1)
  bytes.writeUInt8(table < 256 ? table : 0, 4)
  if (type === rtm.newRoute) bytes.writeUInt8(protocolStatic, 5)
  bytes.writeUInt8(gateway === undefined ? scope.link : scope.universe, 6)
  bytes.writeUInt8(unicast, 7)
  const encoder = new AttributeEncoder().fixed(bytes).bytes(1, address)
  if (gateway !== undefined) encoder.bytes(5, parseIp(gateway))
  if (index !== undefined) encoder.u32(4, index)
  if (source !== undefined) encoder.bytes(7, parseIp(source))
  if (metric !== undefined) encoder.u32(6, metric)
  encoder.u32(15, table)
  const via = gateway === undefined ? '' : ` via ${gateway}`
  const dev = index === undefined ? '' : ` dev ${index}`
  return { type, flags, body: encoder.finish(), subject: `${route.destination}${via}${dev}` }
}

/** `ip route replace DESTINATION via GATEWAY dev INDEX`. */
export const addRoute = (route: NewRoute): Request => ({
  ...oneRoute(rtm.newRoute, messageFlag.create | messageFlag.replace, route),
  operation: 'route replace',
})

/** `ip route del DESTINATION …`; ESRCH where there is none. */
export const deleteRoute = (route: NewRoute): Request => ({
  ...oneRoute(rtm.deleteRoute, 0, route),
  operation: 'route del',
})

/** `ip route show table all`, as a dump of both families. */
export const dumpRoutes = (): Request => ({
  type: rtm.getRoute,
  flags: 0,
  body: Buffer.alloc(12),
  operation: 'route show',
  subject: '',
})

/** `ip -4|-6 route show table main dev X`: the kernel picks them, so that a large table costs little. */
export const dumpRoutesOf = (ipVersion: 4 | 6, index: number): Request => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(ipVersion === 4 ? 2 : 10, 0)
  bytes.writeUInt8(mainTable, 4)
  const body = new AttributeEncoder().fixed(bytes).u32(4, index).finish()
  return { type: rtm.getRoute, flags: 0, body, operation: 'route show', subject: `dev ${index}` }
}

/** Reads a message of type RTM_NEWROUTE or RTM_DELROUTE. Throws CodecError. */
export const decodeRoute = ({ body }: Message): Route => {
  const inet = body.readUInt8(0) === 2
  let destination = inet ? '0.0.0.0' : '::'
  let gateway = ''
  let index = 0
  let metric = 0
  let table = body.readUInt8(4)
  let nextHops: readonly number[] = []
  const decoder = new AttributeDecoder(body.subarray(12))
  while (decoder.next()) {
    if (decoder.type === 1) destination = formatIp(decoder.value)
    else if (decoder.type === 4) index = decoder.u32()
    else if (decoder.type === 5) gateway = formatIp(decoder.value)
    else if (decoder.type === 6) metric = decoder.u32()
    else if (decoder.type === 9) nextHops = decodeNextHops(decoder.value)
    else if (decoder.type === 15) table = decoder.u32()
  }
  decoder.finish()
  return {
    family: inet ? 4 : 6,
    destination: `${destination}/${body.readUInt8(1)}`,
    gateway,
    index,
    nextHops,
    table,
    protocol: body.readUInt8(5),
    kind: body.readUInt8(7),
    metric,
  }
}

/** RTA_MULTIPATH: struct rtnexthop (u16 length, u8 flags, u8 hops, s32 index) with attributes after each. */
const decodeNextHops = (bytes: Buffer): readonly number[] => {
  const indices: number[] = []
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    indices.push(readU32(bytes, offset + 4))
    const length = readU16(bytes, offset)
    if (length < 8) break
    offset += (length + 3) & ~3
  }
  return indices
}
