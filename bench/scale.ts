/** `npm run bench:scale`: what a PIP takes for each change, by the number of its hosts. Needs no root. */
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { figureOf } from './scale/figure.ts'
import { measureScale, type ScaleResult } from './scale/measure.ts'
import { readOptions, usage } from './scale/options.ts'

/** Changes a second of processor time, at so many hosts. */
const target = { hosts: 500, changes: 100 } as const

const perSecond = ({ changes, cpuSeconds }: ScaleResult): number => changes / cpuSeconds
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`

const rowOf = (result: ScaleResult): readonly string[] => [
  `${result.hosts}`,
  `${result.objects}`,
  perSecond(result).toFixed(0),
  (result.changes / result.wallSeconds).toFixed(0),
  ((1000 * result.cpuSeconds) / result.changes).toFixed(2),
  result.reservedMs.p50.toFixed(1),
  result.reservedMs.p99.toFixed(1),
  mib(result.emptyBytes),
  mib(result.residentBytes),
]

const head = ['hosts', 'objects', 'changes/CPU s', 'changes/s', 'CPU ms', 'reserved p50 ms', 'p99 ms', 'empty', 'full']

const table = (results: readonly ScaleResult[]): string =>
  [head, ...results.map(rowOf)]
    .map((row) => row.map((cell, column) => cell.padStart(Math.max(head[column]?.length ?? 0, 9))).join('  '))
    .join('\n')

const main = async (argv: readonly string[]): Promise<number> => {
  const options = readOptions(argv)
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const results: ScaleResult[] = []
  for (const hosts of options.hosts)
    results.push(await measureScale(hosts, options, (text) => void process.stderr.write(`bench: ${text}\n`)))
  if (options.plot !== undefined) {
    const machine = `a machine of ${cpus().length} processors (${cpus()[0]?.model.trim()}), Linux ${release()}`
    writeFileSync(options.plot, figureOf(results, machine))
  }
  const judged = results.find(({ hosts }) => hosts === target.hosts)
  const met = judged === undefined || perSecond(judged) >= target.changes
  process.stdout.write(options.json ? `${JSON.stringify({ results, met })}\n` : `${table(results)}\n`)
  if (judged && !options.json)
    process.stdout.write(
      `At ${target.hosts} hosts at least ${target.changes} a second of processor time: ${met ? 'met' : 'MISSED'}\n`,
    )
  return options.check && !met ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
  }
}
