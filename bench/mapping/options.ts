/** The command line of `npm run bench:mapping`. */
import { parseArgs } from 'node:util'
import { defaultThrift, parseThrift } from '../../controller/admission/thrift.ts'
import { defaultTrees, defaultTreesOf } from '../../controller/mapping/core/solve.ts'
import { settings } from '../../controller/simulation/generate.ts'

const largeHosts = settings.wx10000.hosts

export const parts = ['instances', 'gap', 'large'] as const
export type Part = (typeof parts)[number]

export interface BenchOptions {
  readonly only: readonly Part[]
  /** Directory of instances; undefined: generated ones. */
  readonly instances: string | undefined
  /** Of each generated setting: seeds from `firstSeed` on. */
  readonly seeds: number
  readonly firstSeed: number
  /** Work for a request, and on the large substrate, in trees. */
  readonly trees: number
  readonly largeTrees: number
  /** How dear a mapping may be (controller/admission/thrift.ts). */
  readonly thrift: number
  readonly check: boolean
  readonly json: boolean
}

export const usage = `Usage: npm run bench:mapping -- [FLAGS]

Runs instances of the embedding problem through the mapper, judged by a checker that shares no code with it: RAC (share of the
requests accepted), LRC (revenue over cost of the accepted), REV (share of the offered revenue), beside published solvers; the time a request
takes, in shortest-path trees of the same substrate timed in the same run; how far costs are from what is proven on an empty substrate; and the
time on a substrate of 10,000 nodes and 50,000 links.

  --instances DIR   every instance of a directory (*.json, *.json.gz); generated ones without it
  --seeds N         of each generated setting (2)
  --first-seed N    the first of them (1)
  --trees N         work for a request, in trees (${defaultTrees})
  --large-trees N   the same on the large substrate (${defaultTreesOf(largeHosts)})
  --thrift N        decline what fits but is dearer, as a provider can; none: accept all that fits (${defaultThrift})
  --only PART       instances, gap or large; may be repeated
  --check           exit status 1 where a target is missed
  -o, --output json one JSON object on stdout
  -h, --help        this text
`

const thriftOf = (text: string): number => {
  try {
    return parseThrift(text)
  } catch (cause) {
    throw new Error(`--thrift ${text}: ${(cause as Error).message}`, { cause })
  }
}

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[]): BenchOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      instances: { type: 'string' },
      seeds: { type: 'string', default: '2' },
      'first-seed': { type: 'string', default: '1' },
      trees: { type: 'string', default: `${defaultTrees}` },
      'large-trees': { type: 'string', default: `${defaultTreesOf(largeHosts)}` },
      thrift: { type: 'string', default: `${defaultThrift}` },
      only: { type: 'string', multiple: true, default: [] },
      check: { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: 'seeds' | 'first-seed' | 'trees' | 'large-trees', least: number, most: number): number => {
    const value = Number(values[flag])
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${flag} ${values[flag]}: a whole number from ${least} to ${most}`)
  }
  const only = values.only.map((given) => {
    const part = parts.find((one) => one === given)
    if (part === undefined) throw new Error(`--only ${given}: ${parts.join(' or ')}`)
    return part
  })
  if (values.output !== 'text' && values.output !== 'json') throw new Error(`--output ${values.output}: text or json`)
  return {
    only: only.length > 0 ? only : parts,
    instances: values.instances,
    seeds: number('seeds', 1, 1000),
    firstSeed: number('first-seed', 0, 1e9),
    trees: number('trees', 1, 1e6),
    largeTrees: number('large-trees', 1, 1e6),
    thrift: thriftOf(values.thrift),
    check: values.check,
    json: values.output === 'json',
  }
}
