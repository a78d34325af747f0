/** `npm run bench:forward`: what forwarding costs, as ratios within one run. Needs root. */
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BpfError } from '../agent/ebpf/error.ts'
import { have, missing } from '../agent/ebpf/features.ts'
import { renderError } from '../controller/cli/render-error.ts'
import { clangProblem } from './forward/clang.ts'
import { figuresOf } from './forward/figures.ts'
import { compareLive } from './forward/live/compare.ts'
import { type ForwarderName, forwarderNames } from './forward/live/forwarders.ts'
import { compareLookups, routeCounts } from './forward/lookup.ts'
import { type ForwardOptions, type Part, readOptions, usage } from './forward/options.ts'
import { comparePath } from './forward/path.ts'
import { type Results, reportText, verdictsOf } from './forward/report.ts'
import { xdpProblem } from './forward/weft.ts'
import { readCommandLine } from './run.ts'

/** Runs on one packet: less than a millisecond, in which others seldom get the processor. */
const runs = 20_000
const roundsOnOnePacket = 20

/** Exit status, as of shells. */
const interrupted = 130

const say = (what: string): void => void process.stderr.write(`bench: ${what}\n`)

const range = (most: number): readonly number[] => Array.from({ length: most }, (_, i) => i + 1)

const measure = async (options: ForwardOptions): Promise<Results> => {
  const { only, seconds, click, directory } = options
  const has = (part: Part): boolean => only.includes(part)
  const withoutC = await clangProblem()
  const withoutXdp = xdpProblem()
  const timing = { rounds: options.rounds * roundsOnOnePacket, runs }
  const skipped: string[] = []
  if (withoutC !== undefined) skipped.push(`C: ${withoutC}`)
  if (withoutXdp !== undefined) skipped.push(`XDP: ${withoutXdp}`)
  if (click === undefined && (has('live') || has('flows')))
    skipped.push('userlevel Click: --click BIN says where it is')

  const path: Results['path'][number][] = []
  if (has('path') && withoutC === undefined) {
    for (const hook of withoutXdp === undefined ? (['tc', 'xdp'] as const) : (['tc'] as const)) {
      say(`the path against C, ${hook}`)
      // A call of XDP takes some 20 ms.
      const rounds = hook === 'xdp' ? Math.ceil(timing.rounds / 4) : timing.rounds
      path.push(...(await comparePath(hook, { ...timing, rounds })))
    }
  }
  const counts = routeCounts.filter((count) => count <= options.routes)
  const of = withoutC === undefined ? (['c', 'trie'] as const) : []
  const lookup = has('lookup') ? await compareLookups({ ...timing, of, counts, onProgress: say }) : []

  const absent = new Set<ForwarderName>([
    ...(click === undefined ? (['click'] as const) : []),
    ...(withoutC === undefined ? [] : (['c'] as const)),
    ...(withoutXdp === undefined ? [] : (['weft-xdp'] as const)),
  ])
  const names = (wanted: (name: ForwarderName) => boolean): readonly ForwarderName[] =>
    forwarderNames.filter((name) => wanted(name) && !absent.has(name))
  const live = { click, seconds, rounds: options.rounds, onProgress: say }
  const one = has('live') ? await compareLive(1, 1, { ...live, names: names(() => true) }) : []
  const flows: Results['flows'][number][] = []
  if (has('flows')) {
    const inFigures = names((name) => !['floor', 'xdp-floor', 'c'].includes(name))
    for (const count of range(options.flows)) {
      const threads = Math.min(count, availableParallelism())
      flows.push(...(await compareLive(count, threads, { ...live, names: inFigures })))
    }
  }
  const machine = `a machine of ${cpus().length} processors (${cpus()[0]?.model.trim()}), Linux ${release()}`
  const figures = await writeFigures(flows, machine, directory)
  return { machine, withoutC, path, lookup, live: one, flows, figures, skipped }
}

const writeFigures = async (
  flows: Results['flows'],
  machine: string,
  directory: string,
): Promise<readonly string[]> => {
  if (flows.length === 0) return []
  await mkdir(directory, { recursive: true })
  const figures = figuresOf(flows, machine).map(({ name, svg }) => ({ file: join(directory, `${name}.svg`), svg }))
  await Promise.all(figures.map(({ file, svg }) => writeFile(file, svg)))
  return figures.map(({ file }) => file)
}

const problem = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'needs root: it loads programs and makes network namespaces'
  return have('tcx') ? undefined : missing('tcx')?.message
}

const main = async (argv: readonly string[]): Promise<number> => {
  const options = readCommandLine(() => readOptions(argv, join(import.meta.dirname, '../build/bench/forward')))
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const cause = problem()
  if (cause !== undefined) {
    process.stderr.write(`bench: ${cause}\n`)
    return 2
  }
  const loadAverage = loadavg()[0] ?? 0
  const results = await measure(options)
  const verdicts = verdictsOf(results)
  const met = verdicts.every((verdict) => verdict.met)
  if (options.json) process.stdout.write(`${JSON.stringify({ loadAverage, ...results, verdicts, met })}\n`)
  else process.stdout.write(`\n${reportText(results)}\nLoad of the machine when it began: ${loadAverage.toFixed(1)}\n`)
  return options.check && !met ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // By `exit` Click is ended and its files go; namespaces go with this process, whatever ends it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(interrupted))
  let status = 2
  try {
    status = await main(process.argv.slice(2))
  } catch (error) {
    // A signal ends a call of the kernel's before it is told of here.
    if (error instanceof BpfError && error.code === 'EINTR') status = interrupted
    else process.stderr.write(renderError(error, { colour: false, verbose: true }))
  }
  process.exit(status)
}
