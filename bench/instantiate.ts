/** `npm run bench:instantiate`: how long VNets take to build, as ratios within one run. Needs root, as the lab does. */
import { readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseRequest } from '../controller/description/parse.ts'
import { labProblem } from '../lab/lab.ts'
import { compareLine } from './line/compare.ts'
import { type BenchOptions, readOptions, usage } from './options.ts'
import { reportText } from './report.ts'
import { readCommandLine, runBench } from './run.ts'
import { judge, type Results } from './targets.ts'
import { compareVNet } from './vnet/compare.ts'

const measure = async (options: BenchOptions): Promise<Results> => {
  const { only, requestFile, hosts, pairs, lineNodes, lineRounds, containers, idleSeconds } = options
  const onProgress = (what: string): void => void process.stderr.write(`bench: ${what}\n`)
  const { request } = await parseRequest(await readFile(requestFile), { file: requestFile })
  return {
    vnet: only === 'line' ? undefined : await compareVNet({ request, hosts, pairs, idleSeconds, onProgress }),
    line:
      only === 'vnet'
        ? undefined
        : await compareLine({ nodes: lineNodes, rounds: lineRounds, containers, idleSeconds, onProgress }),
  }
}

const main = async (argv: readonly string[]): Promise<number> => {
  const options = readCommandLine(() => readOptions(argv, join(import.meta.dirname, '../examples/paper.xml')))
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const problem = labProblem()
  if (problem) {
    process.stderr.write(`bench: ${problem}\n`)
    return 2
  }
  const busyBefore = loadavg()[0] ?? 0
  const results = await measure(options)
  const verdicts = judge(results)
  const met = verdicts.every((verdict) => verdict.met)
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ loadAverage: busyBefore, ...results, verdicts, met })}\n`)
  } else {
    process.stdout.write(`\n${reportText(results, verdicts)}\n`)
  }
  return options.check && !met ? 1 : 0
}

await runBench(import.meta.url, main)
