/** The command line of `npm start`. */
import { parseArgs } from 'node:util'
import { mostHosts } from '../substrates/generate.ts'

export interface DemoOptions {
  /** Ends by itself after the pings. */
  readonly once: boolean
  readonly output: 'text' | 'json'
  readonly requestFile: string
  readonly hosts: number
  readonly brokerUrl: string | undefined
  /** For the lab to be ready, and then for the VNet. */
  readonly timeoutMs: number
  /** Of the lab. */
  readonly name: string | undefined
}

export const usage = `Usage: npm start -- [FLAGS]

Starts virtual hosts, a broker and the three roles on this machine, builds a VNet on them, pings over each of its links.
It stays up until Ctrl-C, which removes all.

  --once             end after the pings; exit status 0 only if every one passed
  -o, --output json  one JSON object on stdout; the rest goes to stderr
  --request FILE     VNet to build, XML or YAML (examples/paper.xml)
  --hosts N          virtual hosts, 1 to ${mostHosts} (3)
  --broker URL       use this MQTT broker, mqtt://HOST:PORT, in place of the embedded one
  --timeout SECONDS  longest time for the lab to be ready, and then for the VNet (300)
  --name NAME        of the lab (demo; with --once one that nobody else has)
  -h, --help         this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[], defaultRequest: string): DemoOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      once: { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
      request: { type: 'string', default: defaultRequest },
      hosts: { type: 'string', default: '3' },
      broker: { type: 'string' },
      timeout: { type: 'string', default: '300' },
      name: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { output, once } = values
  if (output !== 'text' && output !== 'json') throw new Error(`no output "${output}": text or json`)
  const hosts = Number(values.hosts)
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > mostHosts) {
    throw new Error(`--hosts ${values.hosts}: a number from 1 to ${mostHosts}`)
  }
  const timeoutSeconds = Number(values.timeout)
  if (!(timeoutSeconds > 0)) throw new Error(`--timeout ${values.timeout}: a number of seconds`)
  return {
    once,
    output,
    hosts,
    requestFile: values.request,
    brokerUrl: values.broker,
    timeoutMs: timeoutSeconds * 1000,
    name: values.name ?? (once ? undefined : 'demo'),
  }
}
