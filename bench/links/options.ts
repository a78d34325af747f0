/** The command line of `npm run bench:links`. */
import { parseArgs } from 'node:util'

export const parts = ['click', 'bridge', 'agent', 'agent-bridge'] as const
export type Part = (typeof parts)[number]

export interface LinksOptions {
  readonly only: readonly Part[]
  /** Most links, beside the one that is added. */
  readonly links: number
  /** Of one VNet. */
  readonly perVNet: number
  readonly pairs: number
  /** Interfaces in Dom0 have IPv6. */
  readonly ipv6: boolean
  readonly json: boolean
  /** A ratio beyond its target is a failure. */
  readonly check: boolean
}

export const usage = `Usage: npm run bench:links -- [FLAGS]

Measures what a link costs on a host that has many: a link is added to a host without any, then to one with 10, 100, 300 and 1,000, in
turns, and the ratio printed is the median of the pairs'. Each as the agent does it: snapshot, plan, apply, and a snapshot and plan that find
nothing left to do; by both data paths, and by a whole agent (with Click,
and with bridges) whose nodes are vifs alone. Needs root.

  --only click|bridge|agent|agent-bridge
                      one of the parts; can be given more than once
  --links N           most links (1000)
  --per-vnet N        links of one VNet (50)
  --pairs N           pairs at each number of links (10)
  --ipv6              with IPv6 on all interfaces of Dom0, of which the kernel walks all for each that comes up
  --check             exit status 1 where the target is missed
  --json              one JSON object on stdout
  -h, --help          this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[]): LinksOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      links: { type: 'string', default: '1000' },
      'per-vnet': { type: 'string', default: '50' },
      pairs: { type: 'string', default: '10' },
      ipv6: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: 'links' | 'per-vnet' | 'pairs', most: number): number => {
    const value = Number(values[flag])
    if (Number.isInteger(value) && value >= 1 && value <= most) return value
    throw new Error(`--${flag} ${values[flag]}: a whole number from 1 to ${most}`)
  }
  const only = parts.filter((part) => values.only.includes(part))
  const other = values.only.find((name) => !parts.some((part) => part === name))
  if (other !== undefined) throw new Error(`--only ${other}: ${parts.join(', ')}`)
  return {
    only: only.length > 0 ? only : parts,
    links: number('links', 10_000),
    perVNet: number('per-vnet', 1000),
    pairs: number('pairs', 100),
    ipv6: values.ipv6,
    json: values.json,
    check: values.check,
  }
}
