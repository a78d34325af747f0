/** `npm run bench:paper`: the paper's tables of VNet instantiation on this machine. Needs root, as the lab does. */
import { readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseRequest } from '../controller/description/parse.ts'
import { xenHostProblem } from '../lab/emulated/machine.ts'
import { tinyProblem } from '../lab/images/tiny.ts'
import { labProblem } from '../lab/lab.ts'
import { type Hypervisor, readOptions, usage } from './paper/options.ts'
import { paperText } from './paper/report.ts'
import { measurePaper } from './paper/rounds.ts'
import { readCommandLine, runBench } from './run.ts'

const problemOf = (hypervisor: Hypervisor): string | false => {
  if (hypervisor === 'lxc') return labProblem()
  if (hypervisor === 'xen') return labProblem([]) || xenHostProblem() || tinyProblem()
  return labProblem(['qemu']) || tinyProblem()
}

const main = async (argv: readonly string[]): Promise<number> => {
  const options = readCommandLine(() => readOptions(argv, join(import.meta.dirname, '../examples/paper.xml')))
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const problem = problemOf(options.hypervisor)
  if (problem) {
    process.stderr.write(`bench: ${problem}\n`)
    return 2
  }
  const machine = { cpus: availableParallelism(), loadAverage: loadavg()[0] ?? 0 }
  const { request } = await parseRequest(await readFile(options.requestFile), { file: options.requestFile })
  const results = await measurePaper(request, options, (what) => void process.stderr.write(`bench: ${what}\n`))
  const { output } = options
  process.stdout.write(
    output === 'json' ? `${JSON.stringify({ ...machine, ...results })}\n` : `\n${paperText(results, machine)}`,
  )
  return 0
}

await runBench(import.meta.url, main)
