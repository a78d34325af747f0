/** `npm run bench:mapping`: how good and how quick mappings are, beside published solvers. Needs no root. */
import { fileURLToPath } from 'node:url'
import { solve } from '../controller/mapping/core/solve.ts'
import { warmUp } from '../controller/simulation/warm.ts'
import { readOptions, usage } from './mapping/options.ts'
import { judge, type Results, reportText, resultRow } from './mapping/report.ts'
import { measureGaps, type Result, runInstances, runLarge } from './mapping/run.ts'

const main = (argv: readonly string[]): number => {
  const options = readOptions(argv)
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const { only, firstSeed, trees, largeTrees, thrift } = options
  const told = (result: Result): Result => {
    process.stderr.write(`bench: ${resultRow(result).join('  ')}\n`)
    return result
  }
  warmUp(solve, trees)
  const results: Results = {
    instances: only.includes('instances') ? Array.from(runInstances(options), told) : [],
    gaps: only.includes('gap') ? measureGaps(firstSeed, trees) : [],
    large: only.includes('large') ? told(runLarge(firstSeed, { trees: largeTrees, thrift })) : undefined,
  }
  const verdicts = judge(results)
  const met = verdicts.every((verdict) => verdict.met)
  process.stdout.write(
    options.json ? `${JSON.stringify({ ...results, verdicts, met })}\n` : `\n${reportText(results, verdicts)}`,
  )
  return options.check && !met ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
  }
}
