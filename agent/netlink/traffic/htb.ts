/** Hierarchical token bucket (tc-htb(8); TCA_HTB_*): classes with a guaranteed rate that borrow up to a ceiling. */
import { readU32, writeU32 } from '../codec/byte-order.ts'
import type { AttributeDecoder } from '../codec/decoder.ts'
import type { AttributeEncoder } from '../codec/encoder.ts'
import { burstBytes, burstTicks, isWide, readRate, writeRate } from './rate.ts'

export interface Htb {
  readonly kind: 'htb'
  /** Minor of the class of packets that no filter places; 0: they pass unshaped. */
  readonly defaultClass: number
}

export interface HtbClass {
  readonly kind: 'htb'
  readonly bytesPerSecond: number
  readonly ceilingBytesPerSecond: number
  readonly burstBytes: number
  readonly ceilingBurstBytes: number
  /** Bytes that it may send in its turn when several borrow at once. */
  readonly quantumBytes: number
  /** 0 to 7; lower borrows first. */
  readonly priority: number
}

/** Divisor by which htb derives a quantum that is not given. Every class of ours gives it. */
const rateToQuantum = 10

/** `tc qdisc … htb default MINOR`. struct tc_htb_glob: u32 version, rate2quantum, default class, debug, direct packets. */
export const encodeHtb = (encoder: AttributeEncoder, { defaultClass }: Omit<Htb, 'kind'>): void => {
  const parameters = Buffer.alloc(20)
  writeU32(parameters, 3, 0)
  writeU32(parameters, rateToQuantum, 4)
  writeU32(parameters, defaultClass, 8)
  encoder.bytes(2, parameters)
}

export const decodeHtb = (decoder: AttributeDecoder): Htb => {
  let defaultClass = 0
  while (decoder.next()) if (decoder.type === 2 && decoder.value.length >= 20) defaultClass = readU32(decoder.value, 8)
  return { kind: 'htb', defaultClass }
}

/**
 * `tc class … htb rate … ceil … burst … cburst … quantum … prio …`. struct tc_htb_opt: rate, ceiling, u32 buffer, cbuffer, quantum,
 * level (output), prio.
 */
export const encodeHtbClass = (encoder: AttributeEncoder, htb: Omit<HtbClass, 'kind'>): void => {
  const { bytesPerSecond, ceilingBytesPerSecond } = htb
  const parameters = Buffer.alloc(44)
  writeRate(parameters, bytesPerSecond, 0)
  writeRate(parameters, ceilingBytesPerSecond, 12)
  writeU32(parameters, burstTicks(htb.burstBytes, bytesPerSecond), 24)
  writeU32(parameters, burstTicks(htb.ceilingBurstBytes, ceilingBytesPerSecond), 28)
  writeU32(parameters, htb.quantumBytes, 32)
  writeU32(parameters, htb.priority, 40)
  encoder.bytes(1, parameters)
  if (isWide(bytesPerSecond)) encoder.u64(6, bytesPerSecond)
  if (isWide(ceilingBytesPerSecond)) encoder.u64(7, ceilingBytesPerSecond)
}

export const decodeHtbClass = (decoder: AttributeDecoder): HtbClass => {
  let parameters: Buffer = Buffer.alloc(44)
  let rate: number | undefined
  let ceiling: number | undefined
  while (decoder.next()) {
    if (decoder.type === 1 && decoder.value.length >= 44) parameters = decoder.value
    else if (decoder.type === 6) rate = Number(decoder.u64())
    else if (decoder.type === 7) ceiling = Number(decoder.u64())
  }
  const bytesPerSecond = rate ?? readRate(parameters, 0)
  const ceilingBytesPerSecond = ceiling ?? readRate(parameters, 12)
  return {
    kind: 'htb',
    bytesPerSecond,
    ceilingBytesPerSecond,
    burstBytes: burstBytes(readU32(parameters, 24), bytesPerSecond),
    ceilingBurstBytes: burstBytes(readU32(parameters, 28), ceilingBytesPerSecond),
    quantumBytes: readU32(parameters, 32),
    priority: readU32(parameters, 40),
  }
}
