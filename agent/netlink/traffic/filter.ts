/** Filters of queueing disciplines and of shared blocks (RTM_*TFILTER; `tc filter`). */
import { readU16, writeU16 } from '../codec/byte-order.ts'
import { AttributeDecoder } from '../codec/decoder.ts'
import { AttributeEncoder } from '../codec/encoder.ts'
import { type Message, messageFlag } from '../codec/message.ts'
import type { Request } from '../socket/request.ts'
import { type Bpf, type BpfProgramFilter, decodeBpf, encodeBpf, encodeBpfProgram } from './bpf.ts'
import { formatHandle } from './handle.ts'
import { blockIndex, decodeTraffic, encodeHeader, rtm, tca } from './message.ts'
import { decodeU32, encodeU32, type U32 } from './u32.ts'

/** A kind that has no file here. */
export interface OtherFilter {
  readonly kind: 'other'
  readonly name: string
  readonly data: Buffer
}

/** Where filters hang: a discipline, class or hook of a link, or a block. */
export type FilterPlace = { readonly index: number; readonly parent: number } | { readonly block: number }

export interface Filter {
  readonly place: FilterPlace
  readonly handle: number
  /** Lower is asked first. */
  readonly priority: number
  /** Ethernet type: 0x0800 IPv4, 0x86dd IPv6, 3 (ETH_P_ALL) any. */
  readonly protocol: number
  readonly options: U32 | Bpf | OtherFilter
}

export type NewFilter = Omit<Filter, 'options'> & { readonly options: U32 | Bpf | BpfProgramFilter }

export const protocol = { all: 0x0003, ipv4: 0x0800, ipv6: 0x86dd } as const

/** tcm_info: the priority above, below it the Ethernet type in network order, whatever order the machine has. */
const infoOf = (priority: number, etherType: number): number => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(etherType)
  return ((priority << 16) | readU16(bytes)) >>> 0
}

const etherTypeOf = (info: number): number => {
  const bytes = Buffer.alloc(2)
  writeU16(bytes, info & 0xffff, 0)
  return bytes.readUInt16BE()
}

const placeHeader = (place: FilterPlace, handle: number, info: number): Buffer =>
  'block' in place
    ? encodeHeader({ index: blockIndex, parent: place.block, handle, info })
    : encodeHeader({ index: place.index, parent: place.parent, handle, info })

const placeName = (place: FilterPlace): string =>
  'block' in place ? `block ${place.block}` : `dev ${place.index} parent ${formatHandle(place.parent)}`

const oneFilter = (flags: number, { place, handle, priority, protocol, options }: NewFilter) => {
  const encoder = new AttributeEncoder().fixed(placeHeader(place, handle, infoOf(priority, protocol)))
  const kind = options.kind === 'u32' ? 'u32' : 'bpf'
  encoder.string(tca.kind, kind).nested(tca.options, (inner) => {
    if (options.kind === 'u32') encodeU32(inner, options)
    else if (options.kind === 'bpf') encodeBpf(inner, options)
    else encodeBpfProgram(inner, options)
  })
  return {
    type: rtm.newFilter,
    flags,
    body: encoder.finish(),
    subject: `${placeName(place)} pref ${priority} ${kind}`,
  }
}

/** `tc filter add …`; EEXIST where the handle is taken. Answered with the filter as it was made, its handle filled in. */
export const addFilter = (filter: NewFilter): Request => ({
  ...oneFilter(messageFlag.create | messageFlag.exclusive | messageFlag.echo, filter),
  operation: 'filter add',
})

/** `tc filter replace …`. */
export const replaceFilter = (filter: NewFilter): Request => ({
  ...oneFilter(messageFlag.create, filter),
  operation: 'filter replace',
})

/** `tc filter del … handle H`; ENOENT where there is none. Handle 0: all of the priority. */
export const deleteFilter = (
  place: FilterPlace,
  priority: number,
  etherType: number,
  handle: number,
  kind: 'u32' | 'bpf',
): Request => ({
  type: rtm.deleteFilter,
  flags: 0,
  body: new AttributeEncoder()
    .fixed(placeHeader(place, handle, infoOf(priority, etherType)))
    .string(tca.kind, kind)
    .finish(),
  operation: 'filter del',
  subject: `${placeName(place)} pref ${priority} handle ${handle.toString(16)}`,
})

/** `tc filter show dev X parent P` or `tc filter show block B`, as a dump. */
export const dumpFilters = (place: FilterPlace): Request => ({
  type: rtm.getFilter,
  flags: 0,
  body: placeHeader(place, 0, 0),
  operation: 'filter show',
  subject: placeName(place),
})

/** Reads a message of type RTM_NEWTFILTER or RTM_DELTFILTER. Throws CodecError. */
export const decodeFilter = (message: Message): Filter => {
  const { index, parent, handle, info, kind, options } = decodeTraffic(message)
  const place: FilterPlace = index === blockIndex ? { block: parent } : { index, parent }
  return {
    place,
    handle,
    priority: info >>> 16,
    protocol: etherTypeOf(info),
    options: decodeOptions(kind, options),
  }
}

const decodeOptions = (kind: string, options: Buffer): Filter['options'] => {
  if (kind !== 'u32' && kind !== 'bpf') return { kind: 'other', name: kind, data: options }
  const decoder = new AttributeDecoder(options)
  const read = kind === 'u32' ? decodeU32(decoder) : decodeBpf(decoder)
  decoder.finish()
  return read
}
