/**
 * Network emulator (tc-netem(8); TCA_NETEM_*): delays, loses, doubles and reorders packets of an interface's egress. A discipline with one class, that a
 * rate can hang in.
 */
import { readU32, writeU32 } from '../codec/byte-order.ts'
import { AttributeDecoder } from '../codec/decoder.ts'
import { AttributeEncoder } from '../codec/encoder.ts'

export interface Netem {
  readonly kind: 'netem'
  readonly delayMicroseconds: number
  /** Greatest deviation from the delay; evenly spread. */
  readonly jitterMicroseconds: number
  /** Millionths of all packets. */
  readonly lossMillionths: number
  readonly duplicateMillionths: number
  /** Sent at once, while the others wait. */
  readonly reorderMillionths: number
  /** Packets that may wait; what comes beyond is dropped. */
  readonly limitPackets: number
}

/** struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter. */
const optionBytes = 24
const attribute = { reorder: 3, latency: 10, jitter: 11 } as const
const nanosecondsPerTick = 64
const whole = 0xffff_ffff

const toShare = (millionths: number): number => Math.round((millionths / 1e6) * whole)
const fromShare = (share: number): number => Math.round((share / whole) * 1e6)
/** For kernels before 4.16, which know no times of 64 bits. */
const toTicks = (microseconds: number): number =>
  Math.min(Math.round((microseconds * 1000) / nanosecondsPerTick), whole)
const fromTicks = (ticks: number): number => Math.round((ticks * nanosecondsPerTick) / 1000)

/** The value of TCA_OPTIONS: a struct, and attributes behind it. */
export const encodeNetem = (netem: Omit<Netem, 'kind'>): Buffer => {
  const options = Buffer.alloc(optionBytes)
  writeU32(options, toTicks(netem.delayMicroseconds), 0)
  writeU32(options, netem.limitPackets, 4)
  writeU32(options, toShare(netem.lossMillionths), 8)
  // Every packet may be one that goes ahead.
  writeU32(options, netem.reorderMillionths === 0 ? 0 : 1, 12)
  writeU32(options, toShare(netem.duplicateMillionths), 16)
  writeU32(options, toTicks(netem.jitterMicroseconds), 20)
  const encoder = new AttributeEncoder().fixed(options)
  const reorder = Buffer.alloc(8)
  writeU32(reorder, toShare(netem.reorderMillionths), 0)
  encoder.bytes(attribute.reorder, reorder)
  encoder.u64(attribute.latency, netem.delayMicroseconds * 1000)
  encoder.u64(attribute.jitter, netem.jitterMicroseconds * 1000)
  return encoder.finish()
}

/** undefined where the struct is not whole. Throws CodecError. */
export const decodeNetem = (options: Buffer): Netem | undefined => {
  if (options.length < optionBytes) return undefined
  let delayMicroseconds = fromTicks(readU32(options, 0))
  let jitterMicroseconds = fromTicks(readU32(options, 20))
  let reorderMillionths = 0
  const decoder = new AttributeDecoder(options.subarray(optionBytes))
  while (decoder.next()) {
    if (decoder.type === attribute.reorder && decoder.value.length >= 4) {
      reorderMillionths = fromShare(readU32(decoder.value, 0))
    } else if (decoder.type === attribute.latency) delayMicroseconds = Math.round(Number(decoder.u64()) / 1000)
    else if (decoder.type === attribute.jitter) jitterMicroseconds = Math.round(Number(decoder.u64()) / 1000)
  }
  decoder.finish()
  return {
    kind: 'netem',
    delayMicroseconds,
    jitterMicroseconds,
    lossMillionths: fromShare(readU32(options, 8)),
    duplicateMillionths: fromShare(readU32(options, 16)),
    reorderMillionths,
    limitPackets: readU32(options, 4),
  }
}
