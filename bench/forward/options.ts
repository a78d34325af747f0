/** The command line of `npm run bench:forward`. */
import { parseArgs } from 'node:util'

export const parts = ['path', 'lookup', 'live', 'flows'] as const
export type Part = (typeof parts)[number]

export interface ForwardOptions {
  readonly only: readonly Part[]
  readonly seconds: number
  readonly rounds: number
  /** Most routes of the tables, and most flows. */
  readonly routes: number
  readonly flows: number
  readonly directory: string
  readonly click: string | undefined
  readonly json: boolean
  readonly check: boolean
}

export const usage = `Usage: npm run bench:forward -- [FLAGS]

Measures forwarding: the path compiled from Click against the same by hand in C, with tables of up to 900,000 routes and against
the kernel's LPM_TRIE, by runs on one packet; then live over veths in namespaces against kernel routing, a Linux bridge and userlevel
Click, and one to six flows as charts. Prints ratios: medians of the rounds'. Needs root, and for the C clang
(sh scripts/setup.sh bench).

  --only path|lookup|live|flows   one of the parts; can be given more than once
  --seconds N         how long each forwarder is measured live in a round (0.5)
  --rounds N          rounds; runs on one packet have twenty times as many, of less than a ms (5)
  --routes N          most routes (900000)
  --flows N           most flows (6)
  --click BIN         userlevel Click, built from its sources; skipped without it
  --out DIR           where the charts go (build/bench/forward)
  --check             exit status 1 where a target is missed
  --json              one JSON object on stdout
  -h, --help          this text
`

/** Throws an Error that says what would be right. undefined: help was asked for. */
export const readOptions = (argv: readonly string[], defaultDirectory: string): ForwardOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true, default: [...parts] },
      seconds: { type: 'string', default: '0.5' },
      rounds: { type: 'string', default: '5' },
      routes: { type: 'string', default: '900000' },
      flows: { type: 'string', default: '6' },
      click: { type: 'string' },
      out: { type: 'string', default: defaultDirectory },
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const number = (flag: 'seconds' | 'rounds' | 'routes' | 'flows', least: number, most: number): number => {
    const value = Number(values[flag])
    if (value >= least && value <= most && (flag === 'seconds' || Number.isInteger(value))) return value
    throw new Error(`--${flag} ${values[flag]}: a ${flag === 'seconds' ? '' : 'whole '}number from ${least} to ${most}`)
  }
  const only = values.only.map((word) => {
    const part = parts.find((each) => each === word)
    if (part === undefined) throw new Error(`--only ${word}: ${parts.join(', ')}`)
    return part
  })
  return {
    only,
    seconds: number('seconds', 0.01, 3600),
    rounds: number('rounds', 1, 1000),
    routes: number('routes', 1, 900_000),
    flows: number('flows', 1, 6),
    directory: values.out,
    click: values.click,
    json: values.json,
    check: values.check,
  }
}
