/** What messages about queueing disciplines, classes and filters share (struct tcmsg and TCA_*, linux/rtnetlink.h). */
import type { RawAttribute } from '../codec/attribute.ts'
import { readS32, readU32, writeS32, writeU32 } from '../codec/byte-order.ts'
import { AttributeDecoder } from '../codec/decoder.ts'
import type { Message } from '../codec/message.ts'

export const rtm = {
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newClass: 40,
  deleteClass: 41,
  getClass: 42,
  newFilter: 44,
  deleteFilter: 45,
  getFilter: 46,
} as const

/** TCA_*. */
export const tca = { kind: 1, options: 2, statistics: 7, ingressBlock: 13, egressBlock: 14 } as const

export interface TrafficHeader {
  /** Of the link, or `blockIndex` and the block's number as parent. */
  readonly index: number
  readonly handle: number
  readonly parent: number
  readonly info: number
}

/** TCM_IFINDEX_MAGIC_BLOCK: the message is about a block of filters that disciplines share. */
export const blockIndex = -1

/** u8 family and 3 of padding, s32 index, u32 handle, u32 parent, u32 info. */
export const encodeHeader = ({ index, handle, parent, info }: TrafficHeader): Buffer => {
  const bytes = Buffer.alloc(20)
  writeS32(bytes, index, 4)
  writeU32(bytes, handle, 8)
  writeU32(bytes, parent, 12)
  writeU32(bytes, info, 16)
  return bytes
}

export interface TrafficMessage extends TrafficHeader {
  readonly kind: string
  readonly options: Buffer
  readonly ingressBlock: number
  readonly egressBlock: number
  /** Packets that were dropped, since it was made; undefined where nothing was counted. */
  readonly drops: number | undefined
  readonly unknown: readonly RawAttribute[]
}

/** Throws CodecError. */
export const decodeTraffic = ({ body }: Message): TrafficMessage => {
  let kind = ''
  let options: Buffer = Buffer.alloc(0)
  let ingressBlock = 0
  let egressBlock = 0
  let drops: number | undefined
  const unknown: RawAttribute[] = []
  const decoder = new AttributeDecoder(body.subarray(20))
  while (decoder.next()) {
    if (decoder.type === tca.kind) kind = decoder.string()
    else if (decoder.type === tca.options) options = decoder.value
    else if (decoder.type === tca.ingressBlock) ingressBlock = decoder.u32()
    else if (decoder.type === tca.egressBlock) egressBlock = decoder.u32()
    else if (decoder.type === tca.statistics) drops = readDrops(decoder)
    else unknown.push(decoder.raw())
  }
  decoder.finish()
  return {
    index: readS32(body, 4),
    handle: readU32(body, 8),
    parent: readU32(body, 12),
    info: readU32(body, 16),
    kind,
    options,
    ingressBlock,
    egressBlock,
    drops,
    unknown,
  }
}

/** TCA_STATS_QUEUE, struct gnet_stats_queue: u32 length, backlog, drops, requeues, overlimits. */
const readDrops = (decoder: AttributeDecoder): number | undefined => {
  let drops: number | undefined
  decoder.nested((inner) => {
    while (inner.next()) if (inner.type === 3 && inner.value.length >= 12) drops = readU32(inner.value, 8)
  })
  return drops
}
