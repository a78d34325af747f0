/** What a run found, as text that is read on a terminal. */
import type { LineComparison, LineTimes } from './line/compare.ts'
import { type MininetForm, mininetForms } from './line/mininet.ts'
import { median } from './statistics.ts'
import type { Results, Verdict } from './targets.ts'
import type { VNetComparison, VNetPair } from './vnet/compare.ts'

const seconds = (value: number): string => `${value.toFixed(2)} s`
const times = (value: number): string => `${value.toFixed(2)} x`

/** Columns of at least two spaces between them; numbers to the right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ')
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join('')
}

const phaseNames = (pairs: readonly VNetPair[]): readonly string[] => [
  ...new Set(pairs.flatMap(({ phases }) => phases.map(({ name }) => name))),
]

const medianOf = (pairs: readonly VNetPair[], of: (pair: VNetPair) => number | undefined): number =>
  median(pairs.flatMap((pair) => of(pair) ?? []))

const phaseOf = (name: string) => (pair: VNetPair) => pair.phases.find((phase) => phase.name === name)?.seconds

const vnetText = (vnet: VNetComparison): string => {
  const { nodes, links, hosts, objects, first, pairs, ratio, removalRatio } = vnet
  const rows = [
    ['', 'Weft', 'bare', 'ratio'],
    [
      'request to ready',
      seconds(medianOf(pairs, (pair) => pair.weftSeconds)),
      seconds(medianOf(pairs, (pair) => pair.bareSeconds)),
      times(ratio),
    ],
    ...phaseNames(pairs).map((name) => [`  ${name}`, seconds(medianOf(pairs, phaseOf(name))), '', '']),
    [
      'request to gone',
      seconds(medianOf(pairs, (pair) => pair.weftRemovalSeconds)),
      seconds(medianOf(pairs, (pair) => pair.bareRemovalSeconds)),
      times(removalRatio),
    ],
    [
      'the first, cold',
      seconds(first.weftSeconds),
      seconds(first.bareSeconds),
      times(first.weftSeconds / first.bareSeconds),
    ],
  ]
  return [
    `A VNet of ${nodes} nodes and ${links} links over ${hosts} hosts: the roles and agents, against the bare libvirt and netlink calls`,
    `for the same ${objects} objects (looked up on both sides). Medians of ${pairs.length} pairs; nodes and links count from the decision.\n`,
    table(rows),
  ].join('\n')
}

const formText: Readonly<Record<MininetForm, string>> = {
  bridges: 'Mininet, a bridge a link',
  direct: 'Mininet, a veth a link',
}

const lineText = (line: LineComparison): string => {
  const { nodes, links, rounds, ratios, skipped, containers } = line
  const medians = (name: string, all: readonly LineTimes[]): readonly string[] => [
    name,
    seconds(median(all.map(({ upSeconds }) => upSeconds))),
    seconds(median(all.map(({ downSeconds }) => downSeconds))),
  ]
  const rows = [
    ['', 'up', 'down', 'Weft is faster', ''],
    [
      ...medians(
        'Weft, a bridge a link',
        rounds.map(({ weft }) => weft),
      ),
      '',
      '',
    ],
    ...mininetForms.flatMap((form) => {
      const found = ratios[form]
      if (!found) return []
      const all = rounds.flatMap(({ mininet }) => mininet[form] ?? [])
      return [[...medians(formText[form], all), times(found.up), times(found.down)]]
    }),
    ...(containers ? [[...medians('Weft, containers', [containers]), '', '']] : []),
  ]
  const notes = mininetForms.flatMap((form) =>
    skipped[form] ? [`  ${formText[form]}: skipped, ${skipped[form]}\n`] : [],
  )
  return [
    `A line of ${nodes} nodes and ${links} links on one host: namespaces, links and addresses alone. Medians of ${rounds.length} rounds.\n`,
    table(rows) + notes.join(''),
  ].join('\n')
}

const amount = (value: number, unit: Verdict['unit']): string => {
  if (unit === 'bytes') return `${(value / 1e6).toFixed(0)} MB`
  return unit === 'share' ? `${(value * 100).toFixed(2)} %` : times(value)
}

const verdictText = (verdicts: readonly Verdict[]): string =>
  table(
    verdicts.map(({ what, value, target, bound, unit, met }) => [
      what,
      amount(value, unit),
      `at ${bound} ${amount(target, unit)}`,
      met ? 'met' : 'MISSED',
    ]),
  )

export const reportText = ({ vnet, line }: Results, verdicts: readonly Verdict[]): string =>
  [...(vnet ? [vnetText(vnet)] : []), ...(line ? [lineText(line)] : []), `Targets\n\n${verdictText(verdicts)}`].join(
    '\n',
  )
