/** The command line of `npm run bench:scale`. */
import { parseArgs } from 'node:util'

export interface ScaleOptions {
  readonly hosts: readonly number[]
  /** Nodes and links that are placed before changes are timed, for each host. */
  readonly objectsPerHost: number
  readonly changes: number
  /** Clients that ask at once. */
  readonly clients: number
  readonly check: boolean
  readonly json: boolean
  /** SVG of memory and latency by hosts; undefined: none. */
  readonly plot: string | undefined
}

export const usage = `Usage: npm run bench:scale -- [FLAGS]

One PIP as a process of its own, with its store on disk, a broker, and hosts that build nothing but answer as agents do. It is filled with VNets of five
nodes and five links; then VNets are removed and others made in their place, by several clients at once. Printed are changes (each reserved, committed
and told to its hosts, or removed until its hosts report it gone) for each second of processor time that the PIP takes, with what its worker thread takes, and
by the clock; the time until a reservation is answered; the memory of the PIP.

  --hosts N,N,…        numbers of hosts (500)
  --objects N          nodes and links for each host, before changes are timed (40)
  --changes N          changes that are timed (1000)
  --clients N          that ask at once (8)
  --check              exit status 1 where changes a second of processor time are below 100 at 500 hosts
  --plot FILE          memory and latency against the number of hosts, as SVG; of two numbers or more
  -o, --output json    one JSON object on stdout
  -h, --help           this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[]): ScaleOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      hosts: { type: 'string', default: '500' },
      objects: { type: 'string', default: '40' },
      changes: { type: 'string', default: '1000' },
      clients: { type: 'string', default: '8' },
      check: { type: 'boolean', default: false },
      plot: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: string, text: string, least: number, most: number): number => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${flag} ${text}: a whole number from ${least} to ${most}`)
  }
  if (values.output !== 'text' && values.output !== 'json') throw new Error(`--output ${values.output}: text or json`)
  const hosts = values.hosts.split(',').map((text) => number('hosts', text, 2, 10_000))
  if (values.plot !== undefined && hosts.length < 2)
    throw new Error('--plot: two numbers of hosts or more (--hosts N,N)')
  return {
    hosts,
    objectsPerHost: number('objects', values.objects, 0, 1000),
    changes: number('changes', values.changes, 2, 1_000_000),
    clients: number('clients', values.clients, 1, 100),
    check: values.check,
    json: values.output === 'json',
    plot: values.plot,
  }
}
