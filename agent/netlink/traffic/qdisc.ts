/** Queueing disciplines (RTM_*QDISC; `tc qdisc`). */
import { readU32, writeU32 } from '../codec/byte-order.ts'
import { AttributeDecoder } from '../codec/decoder.ts'
import { AttributeEncoder } from '../codec/encoder.ts'
import { type Message, messageFlag } from '../codec/message.ts'
import type { Request } from '../socket/request.ts'
import { clsactHandle, formatHandle, parent } from './handle.ts'
import { decodeHtb, encodeHtb, type Htb } from './htb.ts'
import { decodeTraffic, encodeHeader, rtm, tca } from './message.ts'
import { decodeNetem, encodeNetem, type Netem } from './netem.ts'
import { decodeTbf, encodeTbf, type Tbf } from './tbf.ts'

/** A first-in-first-out queue (tc-pfifo(8)): its limit is bytes of a bfifo, packets of a pfifo. */
export interface Fifo {
  readonly kind: 'bfifo' | 'pfifo'
  readonly limit: number
}

/**
 * Three queues, of which what waits in a later one leaves once those before are empty (tc-pfifo_fast(8)). The low four bits of a packet's priority say which: of 1,
 * 2, 3 and 5 the last, of 6 and 7 the first, of all others the one between. A packet that nothing waits before goes past all of them.
 */
export interface PfifoFast {
  readonly kind: 'pfifo_fast'
}

/** Hooks for filters and no queue (`tc qdisc add dev X clsact`). Blocks are sets of filters that several links share; 0: own ones. */
export interface Clsact {
  readonly kind: 'clsact'
  readonly ingressBlock: number
  readonly egressBlock: number
}

/** A kind that has no place here: mq, fq_codel, noqueue, …. */
export interface OtherQdisc {
  readonly kind: 'other'
  readonly name: string
  readonly data: Buffer
}

export type QdiscOptions = Htb | Tbf | Netem | Fifo | PfifoFast | Clsact | OtherQdisc

export interface Qdisc {
  readonly index: number
  readonly handle: number
  /** `parent.root`, a class, or 0 where it is below a discipline without classes. */
  readonly parent: number
  readonly options: QdiscOptions
  /** Packets that it dropped since it was made; left out where the kernel tells no counts. */
  readonly drops?: number
}

export interface NewQdisc {
  readonly index: number
  /** Where it is left out the kernel chooses one. */
  readonly handle?: number
  readonly parent: number
  readonly options: Exclude<QdiscOptions, OtherQdisc>
}

const putOptions = (encoder: AttributeEncoder, options: NewQdisc['options']): void => {
  encoder.string(tca.kind, options.kind)
  if (options.kind === 'clsact') {
    if (options.ingressBlock !== 0) encoder.u32(tca.ingressBlock, options.ingressBlock)
    if (options.egressBlock !== 0) encoder.u32(tca.egressBlock, options.egressBlock)
  } else if (options.kind === 'htb') {
    encoder.nested(tca.options, (inner) => encodeHtb(inner, options))
  } else if (options.kind === 'tbf') {
    encoder.nested(tca.options, (inner) => encodeTbf(inner, options))
  } else if (options.kind === 'netem') {
    encoder.bytes(tca.options, encodeNetem(options))
  } else if (options.kind !== 'pfifo_fast') {
    const limit = Buffer.alloc(4)
    writeU32(limit, options.limit, 0)
    encoder.bytes(tca.options, limit)
  }
}

const oneQdisc = (flags: number, qdisc: NewQdisc): Omit<Request, 'operation'> => {
  const { index, options } = qdisc
  const handle = qdisc.handle ?? (options.kind === 'clsact' ? clsactHandle : 0)
  const encoder = new AttributeEncoder().fixed(encodeHeader({ index, handle, parent: qdisc.parent, info: 0 }))
  putOptions(encoder, options)
  const subject = `dev ${index} parent ${formatHandle(qdisc.parent)} ${options.kind}`
  return { type: rtm.newQdisc, flags, body: encoder.finish(), subject }
}

/** `tc qdisc add …`; EEXIST where the place is taken. */
export const addQdisc = (qdisc: NewQdisc): Request => ({
  ...oneQdisc(messageFlag.create | messageFlag.exclusive, qdisc),
  operation: 'qdisc add',
})

/** `tc qdisc replace …`: changes one of the same kind and handle, and puts a new one in place of any other. */
export const replaceQdisc = (qdisc: NewQdisc): Request => ({
  ...oneQdisc(messageFlag.create | messageFlag.replace, qdisc),
  operation: 'qdisc replace',
})

/** `tc qdisc del dev X parent P`; ENOENT or EINVAL where there is none. */
export const deleteQdisc = (index: number, of: number, handle = 0): Request => ({
  type: rtm.deleteQdisc,
  flags: 0,
  body: encodeHeader({ index, handle, parent: of, info: 0 }),
  operation: 'qdisc del',
  subject: `dev ${index} parent ${formatHandle(of)}`,
})

/** Hooks that hang filters of blocks shared by several links (`tc qdisc add dev X ingress_block B egress_block B clsact`). */
export const addClsact = (index: number, ingressBlock = 0, egressBlock = 0): Request =>
  addQdisc({ index, parent: parent.clsact, options: { kind: 'clsact', ingressBlock, egressBlock } })

/** `tc qdisc show`, as a dump of all links. */
export const dumpQdiscs = (): Request => ({
  type: rtm.getQdisc,
  flags: 0,
  body: encodeHeader({ index: 0, handle: 0, parent: 0, info: 0 }),
  operation: 'qdisc show',
  subject: '',
})

/** Reads a message of type RTM_NEWQDISC or RTM_DELQDISC. Throws CodecError. */
export const decodeQdisc = (message: Message): Qdisc => {
  const { index, handle, parent: of, drops, ...rest } = decodeTraffic(message)
  const qdisc: Qdisc = { index, handle, parent: of, options: decodeOptions(rest) }
  return drops === undefined ? qdisc : { ...qdisc, drops }
}

const decodeOptions = ({
  kind,
  options,
  ingressBlock,
  egressBlock,
}: Pick<ReturnType<typeof decodeTraffic>, 'kind' | 'options' | 'ingressBlock' | 'egressBlock'>): QdiscOptions => {
  if (kind === 'clsact') return { kind, ingressBlock, egressBlock }
  if (kind === 'pfifo_fast') return { kind }
  if ((kind === 'bfifo' || kind === 'pfifo') && options.length >= 4) return { kind, limit: readU32(options) }
  const netem = kind === 'netem' ? decodeNetem(options) : undefined
  if (netem !== undefined) return netem
  if (kind !== 'htb' && kind !== 'tbf') return { kind: 'other', name: kind, data: options }
  const decoder = new AttributeDecoder(options)
  const read = kind === 'htb' ? decodeHtb(decoder) : decodeTbf(decoder)
  decoder.finish()
  return read
}
