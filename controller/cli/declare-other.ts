import { parseThrift } from '../admission/thrift.ts'
import { type Command, defineCommand } from './command.ts'
import { outputFlag } from './flags.ts'
import { wholeNumber } from './values.ts'

export const versionFlags = {
  output: { ...outputFlag.output, choices: ['table', 'json'], text: 'a line of text, or JSON' },
} as const

/** Here alone a bare number is milliseconds: a mapping takes no seconds. */
const milliseconds = (text: string): number => {
  const value = /^\d+(\.\d+)?(ms)?$/.test(text) ? Number.parseFloat(text) : Number.NaN
  if (!(value > 0)) throw new Error('milliseconds, as 10 or 2.5')
  return value
}

export const mapFlags = {
  budget: {
    value: 'MS',
    parse: milliseconds,
    typed: true,
    text: 'longest time for a request; without it the count of --trees, and equal input gives equal output',
  },
  trees: {
    value: 'N',
    parse: wholeNumber(1, 1_000_000),
    typed: true,
    text: 'work for a request, in shortest-path trees',
  },
  thrift: {
    value: 'N',
    parse: parseThrift,
    typed: true,
    text: 'decline what fits but is dearer than that, as a provider can; none: accept all that fits',
  },
  output: { ...outputFlag.output, choices: ['table', 'json'], text: 'lines of text, or JSON' },
} as const

export const otherCommands: readonly Command[] = [
  defineCommand({
    name: 'map',
    group: 'Other',
    summary: 'run an instance of the embedding problem through the mapper',
    details: `
INSTANCE is JSON, plain or by gzip: {substrate: {nodes: [{id, cpu}], links: [{a, b, bw}]}, requests: [{id, arrival, lifetime, nodes, links}]}. Each
request is decided when it arrives, on hosts all different, without a look at later ones. SOLUTIONS gets one entry a request: null, or {host, paths}.

Printed are RAC (share accepted), LRC (revenue over cost), REV (share of the offered revenue), and the time a request takes, also in shortest-path
trees of the substrate, timed in the same run; of how many it is proven that no mapping costs less; and how many were declined though they would
have fit, since they would take much, for long, while little is free (--thrift, see docs/admission.md). Exit status 1 where a promise was broken.`,
    arguments: [
      { name: 'INSTANCE', text: 'file to read' },
      { name: 'SOLUTIONS', text: 'file to write' },
    ],
    flags: mapFlags,
    examples: [['weft map wx100.json.gz solutions.json --budget 10', '']],
    load: () => import('./commands/map.ts'),
  }),
  defineCommand({
    name: 'version',
    group: 'Other',
    summary: 'say which version this is',
    flags: versionFlags,
    load: () => import('./commands/version.ts'),
  }),
  defineCommand({
    name: 'completion',
    group: 'Other',
    summary: 'print a completion script for a shell',
    arguments: [{ name: 'SHELL', text: 'bash', choices: ['bash'] }],
    examples: [['source <(weft completion bash)', 'in this shell; in ~/.bashrc for every one']],
    load: () => import('./commands/completion.ts'),
  }),
  defineCommand({
    name: 'help',
    group: 'Other',
    summary: 'say how weft, or one of its commands, is used',
    arguments: [
      { name: 'COMMAND', text: 'its first word', optional: true },
      { name: 'WORD', text: 'its second, where it has two', optional: true },
    ],
    examples: [['weft help lab up', '']],
    load: () => import('./commands/help.ts'),
  }),
]
