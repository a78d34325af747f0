/**
 * Numbers of the queueing disciplines, from the rate that was asked for (bits per second of the guest's Ethernet frames, without
 * checksum and preamble).
 *
 * A link's ceiling is a token bucket on the link's own egress: the tunnel device, or the vif of a link within the host. The frames
 * are the guest's there, so the rate is exact for small frames and for large ones that leave in segments (the kernel counts a GSO packet with the
 * headers of all its segments, qdisc_pkt_len_init). On the underlay NIC frames are longer by the tunnel's headers, which a
 * class cannot subtract; there a class guarantees what the link was promised while the NIC is contended.
 */

import type { HtbClass } from '../netlink/traffic/htb.ts'
import type { Fifo } from '../netlink/traffic/qdisc.ts'
import type { Tbf } from '../netlink/traffic/tbf.ts'

const ethernetBytes = 14
/** A TCP segment as guests hand it over, before it is cut into frames. */
const largestBytes = 64 * 1024
const mebibyte = 1024 * 1024

const clamp = (value: number, low: number, high: number): number => Math.round(Math.min(Math.max(value, low), high))

export const bytesPerSecond = (bitsPerSecond: number): number => Math.max(1, Math.round(bitsPerSecond / 8))

/**
 * What may wait: 50 ms of the rate, and always a few segments, since a sender's window arrives as such. A longer queue only adds
 * delay, a shorter one starves TCP.
 */
export const queueBytes = (rate: number): number => clamp(rate * 0.05, 4 * largestBytes, 16 * mebibyte)

/** The queue of a class. */
export const queueOf = (bitsPerSecond: number): Fifo => ({
  kind: 'bfifo',
  limit: queueBytes(bytesPerSecond(bitsPerSecond)),
})

/**
 * The token bucket of a link's egress. A burst of 10 ms lets the rate be kept where the CPU is late by that much; two frames are
 * the least with which anything passes.
 */
export const bucketOf = (bitsPerSecond: number, mtu: number): Tbf => {
  const rate = bytesPerSecond(bitsPerSecond)
  return {
    kind: 'tbf',
    bytesPerSecond: rate,
    burstBytes: clamp(rate * 0.01, 2 * (mtu + ethernetBytes), 16 * mebibyte),
    limitBytes: queueBytes(rate),
  }
}

/** Bits per second on the underlay of frames of full size: what the rate takes there. */
export const wireRate = (bitsPerSecond: number, mtu: number, overheadBytes: number): number => {
  const frame = mtu + ethernetBytes
  return Math.round((bitsPerSecond * (frame + overheadBytes)) / frame)
}

/** A class that is guaranteed one rate and may borrow up to another. */
export const classOf = (bitsPerSecond: number, ceilingBitsPerSecond: number, priority: number): HtbClass => {
  const rate = bytesPerSecond(bitsPerSecond)
  const ceiling = bytesPerSecond(Math.max(bitsPerSecond, ceilingBitsPerSecond))
  return {
    kind: 'htb',
    bytesPerSecond: rate,
    ceilingBytesPerSecond: ceiling,
    burstBytes: clamp(rate * 0.01, 2 * largestBytes, 16 * mebibyte),
    ceilingBurstBytes: clamp(ceiling * 0.002, 2 * largestBytes, 16 * mebibyte),
    // One millisecond of the rate: who was promised more borrows more. Given explicitly, else the kernel warns of its own guess.
    quantumBytes: clamp(rate * 0.001, 2 * ethernetBytes + 1500, 200_000),
    priority,
  }
}

/** The kernel keeps bursts as times in ticks of 64 ns and cuts them off, hence the tolerance. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= Math.max(64, b / 100)

export const sameBucket = (a: Tbf, b: Tbf): boolean =>
  a.bytesPerSecond === b.bytesPerSecond && a.limitBytes === b.limitBytes && near(a.burstBytes, b.burstBytes)

export const sameClass = (a: HtbClass, b: HtbClass): boolean =>
  a.bytesPerSecond === b.bytesPerSecond &&
  a.ceilingBytesPerSecond === b.ceilingBytesPerSecond &&
  a.quantumBytes === b.quantumBytes &&
  a.priority === b.priority &&
  near(a.burstBytes, b.burstBytes) &&
  near(a.ceilingBurstBytes, b.ceilingBurstBytes)
