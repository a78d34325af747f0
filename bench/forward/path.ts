/** The forwarding path compiled from Click against the same by hand in C, at each hook and of each size of packet. */
import { testRun } from '../../agent/ebpf/test-run.ts'
import { type Contest, openContest, redirected } from './contenders.ts'
import { at, makeFrame, setChecksum } from './frames.ts'
import type { Hook } from './router.ts'
import { makeDestinations, makeRoutes, type Route } from './routes.ts'
import { type Comparison, compareTimes, type Times, timeRounds } from './timing.ts'

/** An Ethernet frame of each, without its check sequence: of 64 bytes, and with an IP packet of 1500. */
export const frameSizes = [64, 1514] as const
export type FrameSize = (typeof frameSizes)[number]

export interface PathResult {
  readonly hook: Hook
  readonly frameBytes: FrameSize
  /** Against C that counts packets as Click's elements do. */
  readonly toC: Comparison
  /** Against C that counts nothing. */
  readonly toLean: Comparison
}

export interface TimingOptions {
  readonly rounds: number
  readonly runs: number
}

export const pathRoutes = 100
/** Different destinations, one after the other. */
export const hotDestinations = 64

/** What a router meets, and what it has to refuse. */
export const trials = (routes: readonly Route[]): ReadonlyMap<string, Buffer> => {
  const [destination = 0] = makeDestinations(routes, 1)
  const plain = { bytes: 64, destination }
  const changed = (change: (frame: Buffer) => void, shape = plain): Buffer => {
    const frame = makeFrame(shape)
    change(frame)
    return frame
  }
  const routed = routes.map(({ address }, i): [string, Buffer] => [
    `route ${i}`,
    makeFrame({ bytes: 64, destination: address }),
  ])
  return new Map([
    ['plain', makeFrame(plain)],
    ['long', makeFrame({ ...plain, bytes: 1514 })],
    ['options', makeFrame({ ...plain, bytes: 100, optionCount: 3 })],
    ['all options', makeFrame({ ...plain, bytes: 200, optionCount: 10 })],
    [
      'wrong options',
      changed((frame) => frame.writeUInt8(7, at.ip + 25), { ...plain, bytes: 100, optionCount: 3 } as typeof plain),
    ],
    ['padding', changed((frame) => setChecksum(frame.fill(0, at.ip + 2, at.ip + 3).fill(30, at.ip + 3, at.ip + 4)))],
    ['wrong checksum', changed((frame) => frame.writeUInt16BE(frame.readUInt16BE(at.checksum) ^ 0x100, at.checksum))],
    ['last hop', makeFrame({ ...plain, ttl: 1 })],
    ['last but one', makeFrame({ ...plain, ttl: 2 })],
    ['no route', makeFrame({ ...plain, destination: 0x7f00_0001 })],
    ['version 6', changed((frame) => setChecksum(frame.fill(0x65, at.ip, at.ip + 1)))],
    ['short header', changed((frame) => setChecksum(frame.fill(0x44, at.ip, at.ip + 1)))],
    ['long total', changed((frame) => setChecksum(frame.fill(60, at.ip + 3, at.ip + 4)))],
    ['another protocol', changed((frame) => frame.writeUInt16BE(0x0806, 12))],
    ['multicast', makeFrame({ ...plain, to: [1, 0, 0x5e, 0, 0, 1] })],
    ...routed,
  ])
}

/** Throws Error where two do not make the same of a packet: they would not be the same work. */
export const expectSame = (
  { plain }: Contest,
  hook: Hook,
  routes: readonly Route[],
  names: readonly string[],
): void => {
  for (const [title, frame] of trials(routes)) {
    const results = names.map((name) => {
      const program = plain.get(name)
      if (!program) throw new RangeError(`no contender ${name}`)
      const { result, data } = testRun(program, { data: frame })
      return { name, result, data: result === redirected[hook] ? data.toString('hex') : '' }
    })
    const [first, ...others] = results
    for (const other of others) {
      if (first && (other.result !== first.result || other.data !== first.data)) {
        throw new Error(
          `${first.name} and ${other.name} differ in what they make of '${title}': ${first.result} ${first.data}, ${other.result} ${other.data}`,
        )
      }
    }
  }
}

/**
 * How often programs are loaded anew: where the kernel puts them in memory makes a difference of a nanosecond or two, which is no program's
 * merit.
 */
const loads = 10

export const comparePath = async (hook: Hook, { rounds, runs }: TimingOptions): Promise<readonly PathResult[]> => {
  const routes = makeRoutes(pathRoutes, 2)
  const destinations = makeDestinations(routes, hotDestinations)
  const names = ['floor', 'weft', 'c', 'lean'] as const
  const results: PathResult[] = []
  for (const frameBytes of frameSizes) {
    const all: Times<(typeof names)[number]>[] = []
    for (let load = 0; load < loads; load++) {
      const contest = await openContest({ hook, routes, destinations, frameBytes, of: ['c', 'lean'] })
      try {
        if (load === 0) expectSame(contest, hook, routes, names.slice(1))
        const frame = makeFrame({ bytes: frameBytes, destination: 0 })
        const own = Math.max(1, Math.round(rounds / loads))
        all.push(timeRounds(contest.pick(names), { frame, expected: redirected[hook], rounds: own, runs }))
      } finally {
        contest.close()
      }
    }
    const of = (name: (typeof names)[number]): readonly number[] => all.flatMap((times) => times[name])
    results.push({
      hook,
      frameBytes,
      toC: compareTimes(of('weft'), of('c'), of('floor')),
      toLean: compareTimes(of('weft'), of('lean'), of('floor')),
    })
  }
  return results
}
