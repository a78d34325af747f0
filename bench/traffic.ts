/** `npm run bench:traffic`: what passes between guests, click against what it stands for, as ratios within one run. Needs root and iperf3. */
import { parseArgs } from 'node:util'
import { median } from './statistics.ts'
import { type Case, cases, type Joined, senderAddress } from './traffic/cases.ts'
import { type Flow, measureFlow } from './traffic/flows.ts'
import { measureFrames } from './traffic/frames.ts'
import { openGround } from './traffic/ground.ts'

const usage = `Usage: npm run bench:traffic -- [FLAGS]

Sends TCP, and UDP of 64-byte frames, between two guests with iperf3, and over a tunnel frames that the kernel makes, in turns by what is compared, and
prints medians and their ratios.

  --only NAMES     of ${cases.map(({ name }) => name).join(', ')}, with commas
  --rounds N       rounds of each (5)
  --seconds N      of each measurement (2)
  --check          exit status 1 where a target is missed
  -o, --output json   one JSON object on stdout
`

interface Result {
  readonly name: string
  readonly title: string
  readonly flow: Flow
  readonly peer: number
  readonly ours: number
  readonly ratio: number
  readonly target: number | undefined
}

const compare = async (one: Case, rounds: number, seconds: number): Promise<readonly Result[]> => {
  const ground = openGround()
  try {
    const [peer, ours] = [await one.peer.join(ground), await one.ours.join(ground)]
    const results: Result[] = []
    for (const flow of one.flows) {
      const pairs: { readonly peer: number; readonly ours: number }[] = []
      for (let round = 0; round < rounds; round++) {
        const measured = async ({ from, to, address, hosts: [host] }: Joined) =>
          flow === 'frames'
            ? measureFrames({ from, to, host, addresses: { from: senderAddress, to: address } }, seconds)
            : measureFlow(flow, from, to, address, seconds)
        // Each comes first in turn.
        const first = round % 2 === 0 ? await measured(peer) : undefined
        const own = await measured(ours)
        pairs.push({ peer: first ?? (await measured(peer)), ours: own })
      }
      results.push({
        name: one.name,
        title: one.title,
        flow,
        peer: median(pairs.map((pair) => pair.peer)),
        ours: median(pairs.map((pair) => pair.ours)),
        ratio: median(pairs.map((pair) => pair.ours / pair.peer)),
        target: one.least[flow],
      })
    }
    return results
  } finally {
    await ground.close()
  }
}

const amount = (flow: Flow, value: number): string =>
  flow === 'tcp' ? `${(value / 1e9).toFixed(2)} Gbit/s` : `${Math.round(value / 1000)} k packets/s`

const reportText = (of: Case, results: readonly Result[]): string =>
  [
    of.title,
    ...results.map(({ flow, peer, ours, ratio, target }) => {
      const verdict = target === undefined ? '' : `   at least ${target} x: ${ratio >= target ? 'met' : 'MISSED'}`
      return `  ${flow.toUpperCase()}   ${of.peer.title}: ${amount(flow, peer)}   ${of.ours.title}: ${amount(flow, ours)}   ${ratio.toFixed(2)} x${verdict}`
    }),
    '',
  ].join('\n')

const number = (flag: string, text: string): number => {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value
  throw new Error(`--${flag} ${text}: a whole number from 1 to 1000`)
}

const main = async (argv: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      check: { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const wanted = values.only?.split(',') ?? cases.map(({ name }) => name)
  const unknown = wanted.find((name) => !cases.some((one) => one.name === name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: of ${cases.map(({ name }) => name).join(', ')}`)
  const [rounds, seconds] = [number('rounds', values.rounds), number('seconds', values.seconds)]
  const all: Result[] = []
  for (const one of cases.filter(({ name }) => wanted.includes(name))) {
    process.stderr.write(`bench: ${one.title}\n`)
    const results = await compare(one, rounds, seconds)
    all.push(...results)
    if (values.output === 'text') process.stdout.write(`${reportText(one, results)}\n`)
  }
  if (values.output === 'json') process.stdout.write(`${JSON.stringify(all)}\n`)
  return values.check && all.some(({ ratio, target }) => target !== undefined && ratio < target) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`bench: ${error.message}\n`)
  return 2
})
