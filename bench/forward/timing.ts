/** Time of programs by runs on one packet (BPF_PROG_TEST_RUN), in rounds: each contender once a round, so that a busy moment meets all. */
import type { BpfProgram } from '../../agent/ebpf/program.ts'
import { testRun } from '../../agent/ebpf/test-run.ts'

export interface Contender<Name extends string = string> {
  readonly name: Name
  readonly program: BpfProgram
}

export interface Load {
  readonly frame: Uint8Array
  /** What each run should return, or the bench would time something else; undefined: anything. */
  readonly expected?: number
  readonly runs: number
  readonly rounds: number
}

/** What a call takes beside the runs, in ns: the least of some. */
const callNs = ({ program }: Contender, { frame }: Load): number => {
  const calls = Array.from({ length: 20 }, () => {
    const from = process.hrtime.bigint()
    testRun(program, { data: frame })
    return Number(process.hrtime.bigint() - from)
  })
  return Math.min(...calls)
}

/** Attempts at a call in which nobody else gets the processor; the others are as good, but for the fraction. */
const attempts = 5

/**
 * A run, in ns. The kernel's mean leaves out what others got of the processor meanwhile but is of whole ns, rounded down; the clock around the call
 * has the fraction, where both agree. A call of XDP takes as long as the kernel needs to put the program in place and out of it, too long for that.
 */
const timeOnce = ({ program }: Contender, { frame, expected, runs }: Load, overheadNs: number): number => {
  let mean = 0
  for (let attempt = 0; attempt < (overheadNs < runs ? attempts : 1); attempt++) {
    const from = process.hrtime.bigint()
    const { durationNs, result } = testRun(program, { data: frame, repeat: runs })
    const around = (Number(process.hrtime.bigint() - from) - overheadNs) / runs
    if (expected !== undefined && result !== expected) {
      throw new Error(`${program.name} returned ${result} in place of ${expected}: it does not forward`)
    }
    if (Math.floor(around) === durationNs) return around
    mean = durationNs + 0.5
  }
  return mean
}

export type Times<Name extends string> = Readonly<Record<Name, readonly number[]>>

/** ns of each round, in the order of the rounds. The order within a round moves on by one each time. */
export const timeRounds = <Name extends string>(contenders: readonly Contender<Name>[], load: Load): Times<Name> => {
  const times = Object.fromEntries(contenders.map(({ name }) => [name, [] as number[]])) as Record<Name, number[]>
  for (const contender of contenders) timeOnce(contender, load, 0)
  const overheads = new Map(contenders.map((contender) => [contender.name, callNs(contender, load)]))
  for (let round = 0; round < load.rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(round + i) % contenders.length]
      if (contender) times[contender.name].push(timeOnce(contender, load, overheads.get(contender.name) ?? 0))
    }
  }
  return times
}

export interface Comparison {
  /** Of the rounds, in ns, as the ratios are: means of the middle half, as some times are of whole ns. */
  readonly ns: number
  readonly ofNs: number
  readonly floorNs: number
  /** Of the rounds' ratios, of all that was measured. */
  readonly ratio: number
  /** The same without the floor. */
  readonly netRatio: number
  /** Half of the rounds' net ratios lie between these. */
  readonly spread: readonly [number, number]
}

/** The mean of the half of the values that is neither low nor high. */
export const middleMean = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other)
  const cut = Math.floor(sorted.length / 4)
  const middle = sorted.slice(cut, sorted.length - cut)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}

/** One contender against another: `floor` is what both contain. */
export const compareTimes = (times: readonly number[], of: readonly number[], floor: readonly number[]): Comparison => {
  const rounds = times.map((ns, i) => ({ ns, ofNs: of[i] ?? Number.NaN, floorNs: floor[i] ?? Number.NaN }))
  // A round's own floor would add its noise twice where what is above it is a few ns.
  const floorNs = middleMean(floor)
  const net = rounds.map(({ ns, ofNs }) => (ns - floorNs) / (ofNs - floorNs))
  return {
    ns: middleMean(times),
    ofNs: middleMean(of),
    floorNs,
    ratio: middleMean(rounds.map(({ ns, ofNs }) => ns / ofNs)),
    netRatio: middleMean(net),
    spread: [quantile(net, 0.25), quantile(net, 0.75)],
  }
}
