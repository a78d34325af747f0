/** `weft map`: runs an instance of the embedding problem through the mapper and writes where each request went. */
import { readFile, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { WeftError } from '../../../proto/errors.ts'
import { defaultThrift } from '../../admission/thrift.ts'
import { defaultTrees, defaultTreesOf, solve } from '../../mapping/core/solve.ts'
import type { Budget } from '../../mapping/core/task.ts'
import type { Instance } from '../../simulation/instance.ts'
import { readInstance } from '../../simulation/read-instance.ts'
import { type InstanceRun, runInstance, type Spread } from '../../simulation/run-instance.ts'
import { warmUp } from '../../simulation/warm.ts'
import type { Run } from '../command.ts'
import type { mapFlags } from '../declare-other.ts'
import { exit } from '../exit.ts'
import { UsageError } from '../usage-error.ts'

/** gzip(1), RFC 1952: the first two bytes. */
const isCompressed = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

const readFrom = async (file: string): Promise<Instance> => {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new UsageError(`cannot read ${file}: ${cause.message}`)
  })
  try {
    return readInstance(JSON.parse((isCompressed(bytes) ? gunzipSync(bytes) : bytes).toString()), file)
  } catch (cause) {
    if (cause instanceof WeftError) throw cause
    throw new WeftError('instance.invalid', `it is no JSON: ${(cause as Error).message}`, {
      where: file,
      hint: 'a JSON object with substrate and requests, plain or by gzip',
      cause,
    })
  }
}

const figures = (spread: Spread, unit: string): string =>
  (['p50', 'p95', 'p99', 'max'] as const).map((name) => `${name} ${spread[name].toPrecision(3)} ${unit}`).join('  ')

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`

export const summaryOf = ({ verdict, ms, trees, disturbed, treeMs, counted, proof, declined }: InstanceRun): string => {
  const { rac, lrc, rev, violations } = verdict
  const share = (value: number): string => value.toFixed(4)
  return [
    `RAC ${share(rac)}  LRC ${share(lrc)}  REV ${share(rev)}  violations ${violations.length}`,
    `a request: ${figures(ms, 'ms')}`,
    `           ${figures(trees, 'trees')}  (a tree: ${(1000 * treeMs).toPrecision(3)} µs, the median of this run; ${disturbed} requests left out, in which other processes ran)`,
    `     work: ${figures(counted, 'trees')}, as the mapper counts it`,
    `    proof: ${percent(proof.share)} of the accepted cost the least there is; on average at most ${percent(proof.gap)} more`,
    ` declined: ${declined} that would have fit (--thrift)`,
    '',
  ].join('\n')
}

export const run: Run<typeof mapFlags> = async ({ stdout, stderr }, { args, flags }) => {
  const [from = '', to = ''] = args
  const { budget: budgetMs, output } = flags
  const now = (): number => performance.now()
  const switches = (): number => process.resourceUsage().involuntaryContextSwitches
  const instance = await readFrom(from)
  const trees = flags.trees ?? defaultTreesOf(instance.substrate.nodes.length)
  const budget = (): Budget => ({
    trees: budgetMs === undefined ? trees : Number.POSITIVE_INFINITY,
    ...(budgetMs !== undefined && { now, deadlineMs: now() + budgetMs }),
  })
  warmUp(solve, defaultTrees)
  const result = runInstance(instance, { solve, budget, now, switches, thrift: flags.thrift ?? defaultThrift })
  await writeFile(to, `${JSON.stringify(result.solutions)}\n`).catch((cause: Error) => {
    throw new UsageError(`cannot write ${to}: ${cause.message}`)
  })
  const { violations } = result.verdict
  for (const violation of violations.slice(0, 10)) stderr.write(`${violation}\n`)
  const { solutions: _, ...told } = result
  stdout.write(output === 'json' ? `${JSON.stringify(told)}\n` : summaryOf(result))
  return violations.length === 0 ? exit.ok : exit.error
}
