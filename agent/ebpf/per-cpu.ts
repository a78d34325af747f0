/** Values of per-CPU maps: one a CPU, side by side; what they count is the sum. */
import { readU64 } from '../netlink/codec/byte-order.ts'
import type { BpfMap } from './map.ts'
import { strideOf } from './map-spec.ts'

/** A value of each possible CPU, of `spec.valueBytes`; views of `whole`, which is what `lookup` gave. */
export const splitByCpu = (map: Pick<BpfMap, 'spec'>, whole: Buffer): readonly Buffer[] => {
  const stride = strideOf(map.spec)
  return Array.from({ length: whole.length / stride }, (_, cpu) =>
    whole.subarray(cpu * stride, cpu * stride + map.spec.valueBytes),
  )
}

/** The same value for each CPU, as `update` takes it. */
export const sameOnEachCpu = (map: Pick<BpfMap, 'spec' | 'valueBytes'>, value: Uint8Array): Buffer => {
  const whole = Buffer.alloc(map.valueBytes)
  for (let at = 0; at < whole.length; at += strideOf(map.spec)) whole.set(value, at)
  return whole
}

/** The value on the first CPU and zeros on the others, as `update` takes it: what a sum over them is to be. */
export const onFirstCpu = (map: Pick<BpfMap, 'valueBytes'>, value: Uint8Array): Buffer => {
  const whole = Buffer.alloc(map.valueBytes)
  whole.set(value)
  return whole
}

/** Values that are counters of 64 bits each, added up over the CPUs; wraps as counters do. */
export const sumCounters = (map: Pick<BpfMap, 'spec'>, whole: Buffer): readonly bigint[] => {
  const values = splitByCpu(map, whole)
  return Array.from({ length: map.spec.valueBytes / 8 }, (_, counter) =>
    BigInt.asUintN(
      64,
      values.reduce((sum, value) => sum + readU64(value, counter * 8), 0n),
    ),
  )
}
