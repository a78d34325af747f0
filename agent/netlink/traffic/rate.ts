/**
 * Rates and bursts as the kernel's schedulers carry them (struct tc_ratespec, linux/pkt_sched.h). A burst is written as the time
 * that it takes at the rate, in ticks of 64 ns (PSCHED_SHIFT, include/net/pkt_sched.h; the second word of /proc/net/psched).
 */
import { readU32, writeU32 } from '../codec/byte-order.ts'

export const rateBytes = 12
const nanosecondsPerTick = 64
const u32Max = 0xffff_ffff
/** TC_LINKLAYER_ETHERNET: the kernel needs no rate table then. */
const linkLayerEthernet = 1

/** Writes the 12 bytes of a tc_ratespec; what exceeds 32 bits stands in an attribute of 64 bits beside it. */
export const writeRate = (bytes: Buffer, bytesPerSecond: number, offset: number): void => {
  bytes.writeUInt8(linkLayerEthernet, offset + 1)
  writeU32(bytes, Math.min(bytesPerSecond, u32Max), offset + 8)
}

export const readRate = (bytes: Buffer, offset: number): number => readU32(bytes, offset + 8)

/** Whether a rate needs the attribute of 64 bits. */
export const isWide = (bytesPerSecond: number): boolean => bytesPerSecond >= u32Max

export const burstTicks = (burstBytes: number, bytesPerSecond: number): number =>
  Math.min(Math.ceil((burstBytes * 1e9) / bytesPerSecond / nanosecondsPerTick), u32Max)

/** Bytes, rounded: within one tick of the rate of what was asked. */
export const burstBytes = (ticks: number, bytesPerSecond: number): number =>
  Math.round((ticks * nanosecondsPerTick * bytesPerSecond) / 1e9)
