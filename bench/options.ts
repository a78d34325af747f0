/** The command line of `npm run bench:instantiate`. */
import { parseArgs } from 'node:util'

export const parts = ['vnet', 'line'] as const
export type Part = (typeof parts)[number]

export interface BenchOptions {
  readonly only: Part | undefined
  readonly requestFile: string
  readonly hosts: number
  readonly pairs: number
  readonly lineNodes: number
  readonly lineRounds: number
  readonly containers: boolean
  readonly idleSeconds: number
  readonly output: 'text' | 'json'
  /** A ratio beyond its target is a failure. */
  readonly check: boolean
}

export const usage = `Usage: npm run bench:instantiate -- [FLAGS]

Measures how long VNets take to build and to remove: by the roles and agents against the bare libvirt and netlink calls for the
same objects, and a line of nodes against Mininet (where it is installed: apt-get install --no-install-recommends mininet
bridge-utils), in pairs in one run. Prints ratios: medians of the pairs'.

  --only vnet|line    one of the two
  --request FILE      VNet to build, XML or YAML (examples/paper.xml)
  --hosts N           virtual hosts for it (3)
  --pairs N           pairs of it, after a first one that is shown alone (9)
  --nodes N           nodes of the line (100)
  --line-rounds N     rounds of it, each with both forms of Mininet (3)
  --no-containers     leave out the line of containers
  --idle SECONDS      how long idle agents are watched (20)
  --check             exit status 1 where a target is missed
  -o, --output json   one JSON object on stdout
  -h, --help          this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[], defaultRequest: string): BenchOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: {
      only: { type: 'string' },
      request: { type: 'string', default: defaultRequest },
      hosts: { type: 'string', default: '3' },
      pairs: { type: 'string', default: '9' },
      nodes: { type: 'string', default: '100' },
      'line-rounds': { type: 'string', default: '3' },
      containers: { type: 'boolean', default: true },
      idle: { type: 'string', default: '20' },
      check: { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: 'hosts' | 'pairs' | 'nodes' | 'line-rounds' | 'idle', least: number, most: number): number => {
    const value = Number(values[flag])
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${flag} ${values[flag]}: a whole number from ${least} to ${most}`)
  }
  const only = parts.find((part) => part === values.only)
  if (values.only !== undefined && only === undefined) throw new Error(`--only ${values.only}: ${parts.join(' or ')}`)
  const { output } = values
  if (output !== 'text' && output !== 'json') throw new Error(`--output ${output}: text or json`)
  return {
    only,
    requestFile: values.request,
    hosts: number('hosts', 1, 9),
    pairs: number('pairs', 1, 1000),
    lineNodes: number('nodes', 2, 1000),
    lineRounds: number('line-rounds', 1, 100),
    containers: values.containers,
    idleSeconds: number('idle', 1, 3600),
    output,
    check: values.check,
  }
}
