/** Token bucket filter (tc-tbf(8); TCA_TBF_*): one rate for a whole link. A change keeps what is queued. */
import { readU32, writeU32 } from '../codec/byte-order.ts'
import type { AttributeDecoder } from '../codec/decoder.ts'
import type { AttributeEncoder } from '../codec/encoder.ts'
import { burstBytes, burstTicks, isWide, readRate, writeRate } from './rate.ts'

export interface Tbf {
  readonly kind: 'tbf'
  readonly bytesPerSecond: number
  /** What may pass at once after a silence; a packet that is larger is split if it can be (GSO), else dropped. */
  readonly burstBytes: number
  /** What may wait; what comes beyond is dropped. */
  readonly limitBytes: number
}

/** `tc qdisc … tbf rate … burst … limit …`. struct tc_tbf_qopt: rate, peak rate, u32 limit, buffer, mtu. */
export const encodeTbf = (encoder: AttributeEncoder, tbf: Omit<Tbf, 'kind'>): void => {
  const parameters = Buffer.alloc(36)
  writeRate(parameters, tbf.bytesPerSecond, 0)
  writeU32(parameters, tbf.limitBytes, 24)
  writeU32(parameters, burstTicks(tbf.burstBytes, tbf.bytesPerSecond), 28)
  encoder.bytes(1, parameters)
  if (isWide(tbf.bytesPerSecond)) encoder.u64(4, tbf.bytesPerSecond)
  encoder.u32(6, tbf.burstBytes)
}

export const decodeTbf = (decoder: AttributeDecoder): Tbf => {
  let rate = 0
  let ticks = 0
  let limitBytes = 0
  while (decoder.next()) {
    if (decoder.type === 1 && decoder.value.length >= 36) {
      rate ||= readRate(decoder.value, 0)
      limitBytes = readU32(decoder.value, 24)
      ticks = readU32(decoder.value, 28)
    } else if (decoder.type === 4) rate = Number(decoder.u64())
  }
  return { kind: 'tbf', bytesPerSecond: rate, burstBytes: burstBytes(ticks, rate), limitBytes }
}
