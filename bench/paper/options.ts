/** The command line of `npm run bench:paper`. */
import { parseArgs } from 'node:util'

export const hypervisors = ['lxc', 'qemu', 'kvm', 'xen'] as const
export type Hypervisor = (typeof hypervisors)[number]

export interface PaperOptions {
  readonly requestFile: string
  readonly hypervisor: Hypervisor
  readonly hosts: number
  /** Runs of each way, after a first one that does not count. */
  readonly runs: number
  readonly output: 'text' | 'json'
}

export const usage = `Usage: npm run bench:paper -- [FLAGS]

Prints the tables I to III of "Implementing Network Virtualization for a Future Internet" (2009) for this machine, with the paper's numbers beside:
how long a VNet of six nodes takes until it can be used, and what that takes of the CPUs. Ways take turns in one run. Needs root.

  --request FILE       VNet to build, XML or YAML (examples/paper.xml)
  --hypervisor NAME    of its nodes: lxc (containers), qemu or kvm (virtual machines), xen (guests of emulated hosts); lxc
  --hosts N            hosts (3)
  --runs N             runs of each way, after a first one that does not count (10)
  -o, --output json    one JSON object on stdout
  -h, --help           this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[], defaultRequest: string): PaperOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      request: { type: 'string', default: defaultRequest },
      hypervisor: { type: 'string', default: 'lxc' },
      hosts: { type: 'string', default: '3' },
      runs: { type: 'string', default: '10' },
      output: { type: 'string', short: 'o', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: 'hosts' | 'runs', least: number, most: number): number => {
    const value = Number(values[flag])
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${flag} ${values[flag]}: a whole number from ${least} to ${most}`)
  }
  const hypervisor = hypervisors.find((one) => one === values.hypervisor)
  if (!hypervisor) throw new Error(`--hypervisor ${values.hypervisor}: ${hypervisors.join(', ')}`)
  const { output } = values
  if (output !== 'text' && output !== 'json') throw new Error(`--output ${output}: text or json`)
  return {
    requestFile: values.request,
    hypervisor,
    hosts: number('hosts', 1, 9),
    runs: number('runs', 1, 1000),
    output,
  }
}
