/** Time of programs by runs on one packet (BPF_PROG_TEST_RUN), in rounds: each contender once a round, so that a busy moment meets all. */
import type { BpfProgram } from '../../agent/ebpf/program.ts'
import { testRun } from '../../agent/ebpf/test-run.ts'
import { median } from '../statistics.ts'

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

/** A run, in ns. The kernel's mean leaves out what others got of the processor meanwhile but is of whole ns; the clock around it has the fraction. */
const timeOnce = ({ program }: Contender, { frame, expected, runs }: Load): number => {
  const from = process.hrtime.bigint()
  const { durationNs, result } = testRun(program, { data: frame, repeat: runs })
  const around = Number(process.hrtime.bigint() - from) / runs
  if (expected !== undefined && result !== expected) {
    throw new Error(`${program.name} returned ${result} in place of ${expected}: it does not forward`)
  }
  return Math.min(Math.max(around, durationNs), durationNs + 1)
}

export type Times<Name extends string> = Readonly<Record<Name, readonly number[]>>

/** ns of each round, in the order of the rounds. The order within a round moves on by one each time. */
export const timeRounds = <Name extends string>(contenders: readonly Contender<Name>[], load: Load): Times<Name> => {
  const times = Object.fromEntries(contenders.map(({ name }) => [name, [] as number[]])) as Record<Name, number[]>
  for (const contender of contenders) timeOnce(contender, { ...load, runs: Math.min(load.runs, 10_000) })
  for (let round = 0; round < load.rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(round + i) % contenders.length]
      if (contender) times[contender.name].push(timeOnce(contender, load))
    }
  }
  return times
}

export interface Comparison {
  /** Medians, in ns. */
  readonly ns: number
  readonly ofNs: number
  readonly floorNs: number
  /** Median of the rounds' ratios, of all that was measured. */
  readonly ratio: number
  /** The same without the floor. */
  readonly netRatio: number
  /** Half of the rounds' net ratios lie between these. */
  readonly spread: readonly [number, number]
}

const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}

/** One contender against another: `floor` is what both contain. */
export const compareTimes = (times: readonly number[], of: readonly number[], floor: readonly number[]): Comparison => {
  const rounds = times.map((ns, i) => ({ ns, ofNs: of[i] ?? Number.NaN, floorNs: floor[i] ?? Number.NaN }))
  // A round's own floor would add its noise twice where what is above it is a few ns.
  const floorNs = median(floor)
  const net = rounds.map(({ ns, ofNs }) => (ns - floorNs) / (ofNs - floorNs))
  return {
    ns: median(times),
    ofNs: median(of),
    floorNs,
    ratio: median(rounds.map(({ ns, ofNs }) => ns / ofNs)),
    netRatio: median(net),
    spread: [quantile(net, 0.25), quantile(net, 0.75)],
  }
}
