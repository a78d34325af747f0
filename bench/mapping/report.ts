/** What `npm run bench:mapping` found, as text for a terminal, and whether the targets were met. */
import { gapTarget, settings, timeTargets } from './anchors.ts'
import type { Gap, Result } from './run.ts'

export interface Results {
  readonly instances: readonly Result[]
  readonly gaps: readonly Gap[]
  readonly large: Result | undefined
}

export interface Verdict {
  readonly what: string
  readonly value: number
  readonly target: number
  readonly bound: 'least' | 'most'
  readonly met: boolean
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const verdict = (what: string, bound: Verdict['bound'], value: number, target: number): Verdict => ({
  what,
  value,
  target,
  bound,
  met: bound === 'least' ? value >= target : value <= target,
})

export const judge = ({ instances, gaps, large }: Results): readonly Verdict[] => {
  const all = [...instances, ...(large ? [large] : [])]
  const bySetting = settings.flatMap(({ prefix, target }) => {
    const own = instances.filter(({ name }) => name.startsWith(prefix))
    if (own.length === 0 || !target) return []
    const racs = own.map((one) => one.verdict.rac)
    return [
      verdict(`${prefix}: RAC, mean of ${own.length}`, 'least', mean(racs), target.rac),
      ...(target.lrc === undefined
        ? []
        : [verdict(`${prefix}: LRC, mean`, 'least', mean(own.map((one) => one.verdict.lrc)), target.lrc)]),
      ...(target.worstRac === undefined
        ? []
        : [verdict(`${prefix}: RAC, worst`, 'least', Math.min(...racs), target.worstRac)]),
    ]
  })
  const timed = instances
    .filter(({ hosts }) => hosts === timeTargets.hosts)
    .flatMap(({ name, trees }) => [
      verdict(`${name}: p50, trees`, 'most', trees.p50, timeTargets.p50),
      verdict(`${name}: p99, trees`, 'most', trees.p99, timeTargets.p99),
    ])
  return [
    verdict(
      'promises broken',
      'most',
      all.reduce((sum, one) => sum + one.verdict.violations.length, 0),
      0,
    ),
    ...bySetting,
    ...timed,
    // A gap of nothing is proven in floating point.
    ...gaps.map(({ nodes, mean: gap }) => verdict(`gap of ${nodes} nodes, mean`, 'most', gap, gapTarget(nodes) + 1e-9)),
    ...(large
      ? [
          verdict('10,000 nodes: p95, trees', 'most', large.trees.p95, timeTargets.largeP95),
          verdict('10,000 nodes: max, trees', 'most', large.trees.max, timeTargets.largeMax),
        ]
      : []),
  ]
}

/** Columns of at least two spaces between them; numbers to the right. */
const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join('')
}

const share = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(3))
const few = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

const head = [
  '',
  'RAC',
  'LRC',
  'REV',
  'declined',
  'broken',
  'p50',
  'p95',
  'p99',
  'max trees',
  'p50',
  'p99',
  'max ms',
  'tree µs',
]

export const resultRow = ({ name, verdict: { rac, lrc, rev, violations }, declined, trees, ms, treeMs }: Result) => [
  name,
  ...[rac, lrc, rev].map(share),
  `${declined}`,
  `${violations.length}`,
  ...[trees.p50, trees.p95, trees.p99, trees.max, ms.p50, ms.p99, ms.max, 1000 * treeMs].map(few),
]

const figures = ['rac', 'lrc', 'rev'] as const

const instancesText = (instances: readonly Result[]): string => {
  const groups = Map.groupBy(
    instances,
    ({ name }) => settings.find(({ prefix }) => name.startsWith(prefix))?.prefix ?? '',
  )
  const rows = [...groups].flatMap(([prefix, own]) => [
    ...own.map(resultRow),
    ...(own.length > 1
      ? [
          [`  mean of ${own.length}`, ...figures.map((key) => share(mean(own.map((one) => one.verdict[key]))))],
          ['  worst', ...figures.map((key) => share(Math.min(...own.map((one) => one.verdict[key]))))],
        ]
      : []),
    ...(settings.find((setting) => setting.prefix === prefix)?.anchors ?? []).map(({ solver, rac, lrc }) => [
      `  ${solver} (published)`,
      share(rac),
      share(lrc),
    ]),
  ])
  return `Requests that come and go\n\n${table([head, ...rows])}`
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`

const gapsText = (gaps: readonly Gap[]): string =>
  `Cost above the proven bound, a request at a time on an empty substrate of 100 nodes\n\n${table([
    ['nodes', 'requests', 'mean', 'greatest', 'proven', 'p50 trees', 'p50 ms'],
    ...gaps.map(({ nodes, requests, mean: gap, max, proven, counted, ms }) => [
      `${nodes}`,
      `${requests}`,
      percent(gap),
      percent(max),
      `${(100 * proven).toFixed(0)} %`,
      few(counted),
      few(ms),
    ]),
  ])}`

export const reportText = ({ instances, gaps, large }: Results, verdicts: readonly Verdict[]): string =>
  [
    ...(instances.length > 0 ? [instancesText(instances)] : []),
    ...(gaps.length > 0 ? [gapsText(gaps)] : []),
    ...(large ? [`10,000 nodes, 50,000 links\n\n${table([head, resultRow(large)])}`] : []),
    `Targets\n\n${table(
      verdicts.map(({ what, value, target, bound, met }) => [
        what,
        few(value),
        `at ${bound} ${few(target)}`,
        met ? 'met' : 'MISSED',
      ]),
    )}`,
  ].join('\n')
