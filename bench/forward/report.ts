/** What a run found, as text that is read on a terminal. */
import type { LiveResult } from './live/compare.ts'
import { type LookupResult, randomDestinations, type Traffic } from './lookup.ts'
import { hotDestinations, type PathResult, pathRoutes } from './path.ts'
import type { Comparison } from './timing.ts'

export interface Results {
  readonly machine: string
  /** Why there is no C; undefined where there is. */
  readonly withoutC: string | undefined
  readonly path: readonly PathResult[]
  readonly lookup: readonly LookupResult[]
  readonly live: readonly LiveResult[]
  readonly flows: readonly LiveResult[]
  /** Files. */
  readonly figures: readonly string[]
  /** What was left out, and why. */
  readonly skipped: readonly string[]
}

const ns = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ns`
const times = (value: number): string => (Number.isNaN(value) ? '' : `${value.toFixed(2)} x`)
const count = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** Columns of at least two spaces between them; numbers to the right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ')
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join('')
}

const spread = ({ spread: [low, high] }: Comparison): string => `${low.toFixed(2)} to ${high.toFixed(2)}`

const hookNames = { tc: 'traffic control', xdp: 'XDP' } as const
const sizeNames = { 64: '64', 1514: '1500' } as const

const pathText = (results: readonly PathResult[]): string =>
  [
    'The forwarding path of bench/forward/router.click, compiled, against the same by hand in C (clang -O2): runs on one packet,',
    `${pathRoutes} routes, ${hotDestinations} destinations one after the other. Floor: the run and what changes the packet. Ratio: without the floor. In C`,
    'that counts, packets are counted as FromDevice and ToDevice do; half of the rounds lie in the range.\n',
    table([
      ['hook, bytes', 'Weft', 'C', 'floor', 'ratio', 'half of them', 'with floor', 'C, no counts', 'ratio'],
      ...results.map(({ hook, frameBytes, toC, toLean }) => [
        `${hookNames[hook]}, ${sizeNames[frameBytes]}`,
        ns(toC.ns),
        ns(toC.ofNs),
        ns(toC.floorNs),
        times(toC.netRatio),
        spread(toC),
        times(toC.ratio),
        ns(toLean.ofNs),
        times(toLean.netRatio),
      ]),
    ]),
  ].join('\n')

const trafficNames: Readonly<Record<Traffic, string>> = {
  hot: `${hotDestinations} destinations`,
  random: `${count(randomDestinations)} random destinations`,
}

const lookupText = (results: readonly LookupResult[]): string =>
  [
    'The same path with tables of so many routes (64 bytes, traffic control): compiled from Click, by hand in C over the same memory, and in C with the',
    "kernel's LPM_TRIE. Without the floor. Loaded: text to table, compilation included.\n",
    ...(['hot', 'random'] as const).map((traffic) =>
      table([
        [trafficNames[traffic], 'Weft', 'C', 'Weft / C', 'LPM_TRIE', 'LPM_TRIE / Weft', 'loaded'],
        ...results
          .filter((result) => result.traffic === traffic)
          .map(({ routes, weftNs, floorNs, toC, toTrie, loadSeconds }) => [
            `${count(routes)} route${routes === 1 ? '' : 's'}`,
            ns(weftNs - floorNs),
            toC ? ns(toC.ofNs - floorNs) : '',
            toC ? times(toC.netRatio) : '',
            toTrie ? ns(toTrie.ofNs - floorNs) : '',
            toTrie ? times(1 / toTrie.netRatio) : '',
            `${loadSeconds.toFixed(2)} s`,
          ]),
      ]),
    ),
  ].join('\n')

const rate = (value: number): string => `${(value / 1e6).toFixed(3)} M/s`

const liveText = (results: readonly LiveResult[]): string =>
  [
    'Live, source and sink in one namespace, forwarder in another, veths between them; one sender thread, one processor (userlevel Click has',
    'one of its own). Processor time a packet has all of it: source, forwarder, sink. Ratio: that of Weft over it, round by round.\n',
    table([
      ['forwarder, bytes', 'packets', 'a packet', 'least to most', 'Weft, TCX /', 'lost'],
      ...results.map(({ title, frameBytes, packetsPerSecond, nsPerPacket, spreadNs, weftRatio, lost }) => [
        `${title}, ${sizeNames[frameBytes]}`,
        rate(packetsPerSecond),
        ns(nsPerPacket),
        spreadNs.map(ns).join(' to '),
        times(weftRatio),
        `${(lost * 100).toFixed(1)} %`,
      ]),
    ]),
  ].join('\n')

const flowsText = (results: readonly LiveResult[], figures: readonly string[], machine: string): string => {
  const flows = [...new Set(results.map((result) => result.flows))]
  const rows = [...new Set(results.map(({ title, frameBytes }) => `${title}|${frameBytes}`))].map((key) => {
    const [title = '', bytes = ''] = key.split('|')
    const own = results.filter((result) => result.title === title && result.frameBytes === Number(bytes))
    const cell = (flow: number): string => {
      const found = own.find((result) => result.flows === flow)
      return found ? `${rate(found.packetsPerSecond)}, ${ns(found.nsPerPacket)}` : ''
    }
    return [`${title}, ${sizeNames[Number(bytes) as keyof typeof sizeNames]}`, ...flows.map(cell)]
  })
  const threads = Math.max(...results.map((result) => result.threads))
  return [
    `Unidirectional flows, each with interfaces of its own (the paper's figures 7 and 8): all together, and processor time a packet, on`,
    `${threads} processor${threads === 1 ? '' : 's'} of ${machine}, sources and sinks included.\n`,
    table([['forwarder, bytes', ...flows.map((flow) => `${flow} flow${flow === 1 ? '' : 's'}`)], ...rows]),
    ...figures.map((file) => `  ${file}`),
    '',
  ].join('\n')
}

export const target = 1.15

/** Of each hook and size; the target is of what remains without the floor, which is harder than with it. */
export const verdictsOf = ({ path }: Pick<Results, 'path'>) =>
  path.map(({ hook, frameBytes, toC }) => ({
    what: `${hookNames[hook]}, packets of ${sizeNames[frameBytes]} bytes, against C`,
    value: toC.netRatio,
    target,
    met: toC.netRatio <= target,
  }))

const verdictText = (results: Results): string =>
  `Targets\n\n${table(verdictsOf(results).map(({ what, value, target, met }) => [what, times(value), `at most ${times(target)}`, met ? 'met' : 'MISSED']))}`

export const reportText = (results: Results): string => {
  const { path, lookup, live, flows, figures, machine, skipped } = results
  return [
    ...(path.length > 0 ? [pathText(path)] : []),
    ...(lookup.length > 0 ? [lookupText(lookup)] : []),
    ...(live.length > 0 ? [liveText(live)] : []),
    ...(flows.length > 0 ? [flowsText(flows, figures, machine)] : []),
    ...(skipped.length > 0 ? [skipped.map((words) => `  skipped: ${words}\n`).join('')] : []),
    ...(path.length > 0 ? [verdictText(results)] : []),
  ].join('\n')
}
