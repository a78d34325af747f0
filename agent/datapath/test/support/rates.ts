/** Rates as the receiver counts them, for tests. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { openRoute } from '../../../netlink/route.ts'
import { background, type Namespace, until } from './world.ts'

/** The bytes that an interface received are those of frames only where senders cut their segments themselves. */
export const countFrames = async (...guests: readonly Namespace[]): Promise<void> => {
  for (const one of guests) await one.ip('link', 'set', 'eth0', 'gso_max_segs', '1')
}

/**
 * Bits per second of frames that a TCP of segments of up to 64 KiB brought over: interfaces count such a segment's headers once, so the
 * payload is counted and the headers of its frames (66 bytes with time stamps) added.
 */
export const segmentedRate = async (
  t: Test,
  from: Namespace,
  to: Namespace,
  address: string,
  mtu: number,
): Promise<number> => {
  background(t, to, 'iperf3', '-s', '-1', '-p', '5100')
  await listening(to, 5100)
  const json = await from.exec('iperf3', '-c', address, '-p', '5100', '-t', '8', '-O', '1', '-J')
  const { end } = JSON.parse(json) as { end: { sum_received: { bits_per_second: number } } }
  return (end.sum_received.bits_per_second * (mtu + 14)) / (mtu - 52)
}

/** What eth0 has received and sent so far, and when that was asked. In process: starting one takes long on a machine that floods. */
const received = async (at: Namespace) => {
  const route = openRoute({ namespace: at.path })
  try {
    const ms = performance.now()
    const eth0 = (await route.links({ counters: true })).find(({ name }) => name === 'eth0')
    const { receiveBytes = 0, receivePackets = 0, transmitPackets = 0 } = eth0?.counters ?? {}
    return { bytes: receiveBytes, frames: receivePackets, sentFrames: transmitPackets, ms }
  } finally {
    route.close()
  }
}

/** Bits per second that arrive, Ethernet headers too, over so many seconds. */
export const measure = async (at: Namespace, seconds: number): Promise<number> => {
  const before = await received(at)
  await delay(seconds * 1000)
  const after = await received(at)
  return ((after.bytes - before.bytes) * 8 * 1000) / (after.ms - before.ms)
}

/** Frames that one guest sent and another received, once no more are on their way. */
export const settled = async (from: Namespace, to: Namespace) => {
  const read = async () => ({ sent: (await received(from)).sentFrames, arrived: (await received(to)).frames })
  let last = await read()
  await until(async () => {
    await delay(1000)
    const before = last
    last = await read()
    return last.sent === before.sent && last.arrived === before.arrived
  })
  return last
}

export const listening = (at: Namespace, port: number): Promise<void> =>
  until(async () => (await at.exec('ss', '-Hltn', `sport = :${port}`)) !== '')

/** A flood from one guest to another that lasts until the test ends; settles when frames arrive. */
export const flood = async (
  t: Test,
  from: Namespace,
  to: Namespace,
  address: string,
  port: number,
  ...how: string[]
) => {
  background(t, to, 'iperf3', '-s', '-1', '-p', String(port))
  await listening(to, port)
  const before = await received(to)
  const child = background(t, from, 'iperf3', '-c', address, '-p', String(port), '-t', '600', ...how)
  await until(async () => (await received(to)).bytes - before.bytes > 100_000)
  await delay(1000)
  return child
}

/** ±5 %. */
export const within = (measured: number, asked: number): boolean => Math.abs(measured / asked - 1) <= 0.05
export const tooMuch = (measured: number, asked: number): boolean => measured > asked * 1.05
export const mbit = (rates: readonly number[]): string => rates.map((rate) => (rate / 1e6).toFixed(1)).join(', ')

/**
 * More than was asked for is wrong in any window. Less may be the doing of a machine that is busy with other things and does not let the
 * sender send; a discipline that is too slow shows in every window.
 */
export const keeps = async (t: Test, asked: number, window: () => Promise<number>): Promise<void> => {
  const seen: number[] = []
  while (seen.length < 12) {
    const rate = await window()
    seen.push(rate)
    if (tooMuch(rate, asked) || within(rate, asked)) break
  }
  t.ok(within(seen.at(-1) ?? 0, asked), `${mbit(seen)} of ${mbit([asked])} Mbit/s`)
}

/** What guests send. */
export const cases = [
  { name: 'TCP', how: [] },
  { name: 'UDP in small frames', how: ['-u', '-b', '0', '-l', '200'] },
  { name: 'UDP in frames of full size', how: ['-u', '-b', '0', '-l', '1400'] },
]
