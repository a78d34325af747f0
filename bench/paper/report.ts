/** The paper's tables with ours beside, as text that is read on a terminal. */
import { table } from '../report.ts'
import { median, medianRatio, type Summary, summarize } from '../statistics.ts'
import type { Instantiation } from './instantiate.ts'
import { publishedPercent, publishedSeconds } from './published.ts'
import type { PaperResults } from './rounds.ts'
import { type Way, ways } from './ways.ts'

const columns = ['min', 'avg', 'max', 'stddev'] as const

const cells = ({ least, mean, greatest, deviation }: Omit<Summary, 'count'>): readonly string[] =>
  [least, mean, greatest, deviation].map((value) => (Number.isNaN(value) ? '–' : value.toFixed(2)))

const heading = (unit: string): readonly string[] => [unit, ...columns]

const secondsOf = (runs: readonly Instantiation[]): Summary => summarize(runs.map(({ seconds }) => seconds))

/** Percent of one CPU for as long as a run took. */
const percentOf = (runs: readonly Instantiation[], of: (run: Instantiation) => readonly number[]): Summary =>
  summarize(runs.flatMap((run) => of(run).map((seconds) => (100 * seconds) / run.seconds)))

const tableOne = ({ runs }: PaperResults): string =>
  table([
    heading('seconds'),
    ['discovery at the PIP', ...cells(secondsOf(runs['on-demand']))],
    ['  the paper', ...cells(publishedSeconds['on-demand'])],
    ['discovery at the VNP', ...cells(secondsOf(runs['at-vnp']))],
    ['  the paper', ...cells(publishedSeconds['at-vnp'])],
  ])

const tableTwo = ({ runs }: PaperResults): string =>
  table([
    heading('seconds'),
    ['nodes on demand', ...cells(secondsOf(runs['on-demand']))],
    ['  the paper', ...cells(publishedSeconds['on-demand'])],
    ['preallocated', ...cells(secondsOf(runs.preallocated))],
    ['  the paper', ...cells(publishedSeconds.preallocated)],
  ])

/** Where a node could not be taken it is made as any other, and the run shows nothing of preallocation. */
const takenText = ({ nodes, runs: { preallocated } }: PaperResults): string => {
  const whole = preallocated.filter(({ pooled }) => pooled === nodes).length
  return `  all ${nodes} nodes were a pool's before in ${whole} of ${preallocated.length} runs\n`
}

/** Of the second of each pair of runs, one after the other, to the first. */
const ratioText = ({ runs }: PaperResults, way: Way, published: number): string => {
  const pairs = runs['on-demand'].flatMap((first, round) => {
    const second = runs[way][round]
    return second ? [{ first, second }] : []
  })
  const ours = medianRatio(
    pairs,
    ({ second }) => second.seconds,
    ({ first }) => first.seconds,
  )
  return `  ${way} / on demand: ${ours.toFixed(3)}, median of ${pairs.length} pairs; the paper's means: ${published.toFixed(3)}\n`
}

const phaseNames = (runs: readonly Instantiation[]): readonly string[] => [
  ...new Set(runs.flatMap(({ phases }) => phases.map(({ name }) => name))),
]

/** Where the time goes, as the roles tell; nodes and links count from the decision, and go on side by side. */
const phasesText = (way: string, runs: readonly Instantiation[]): string =>
  table([
    heading(`seconds, ${way}`),
    ...phaseNames(runs).map((name) => [
      name,
      ...cells(summarize(runs.flatMap(({ phases }) => phases.find((one) => one.name === name)?.seconds ?? []))),
    ]),
    ['consoles', ...cells(summarize(runs.map(({ seconds, readySeconds }) => seconds - readySeconds)))],
  ])

const tableThree = ({ runs }: PaperResults): string => {
  const all = runs['on-demand']
  const role = (name: string) => percentOf(all, ({ cpu }) => [cpu.roles[name] ?? Number.NaN])
  return table([
    heading('% of a CPU'),
    ['VNP', ...cells(role('vnp'))],
    ['  the paper', ...cells(publishedPercent.vnp)],
    ['substrate node, guests included', ...cells(percentOf(all, ({ cpu }) => Object.values(cpu.hosts)))],
    ['  the paper', ...cells(publishedPercent.host)],
    ['  its agent alone', ...cells(percentOf(all, ({ cpu }) => Object.values(cpu.agents)))],
    ['PIP', ...cells(role('pip'))],
  ])
}

const nodesText: Readonly<Record<PaperResults['hypervisor'], string>> = {
  lxc: 'containers, which boot no kernel',
  qemu: 'virtual machines of a tiny Linux, their processor emulated by software',
  kvm: 'virtual machines of a tiny Linux on the processor',
  xen: 'guests of Xen with a tiny Linux, on hosts that are themselves emulated by software',
}

const differences = ({ hypervisor, hosts, nodes }: PaperResults, cpus: number): string =>
  [
    'What differs from the paper:',
    `- hardware: its hosts, VNP, VNO and PIP were machines of their own (Dell PowerEdge 2950, 8 cores); here ${hosts} hosts and all roles share ${cpus} CPUs`,
    '  with whatever else runs on this machine, so that times are not comparable, and a share of a CPU is one of these;',
    `- guests: its were Xen domains that boot a whole system from disk; here the ${nodes} nodes are ${nodesText[hypervisor]};`,
    '- the VNet: its figure 6 is not in the text; here it is a ring of six routers with a chord, four links between hosts;',
    '- CPU time: it sampled with OProfile; here the kernel accounts for processes and control groups.',
    '',
  ].join('\n')

const published = (way: Way): number => publishedSeconds[way].mean / publishedSeconds['on-demand'].mean

export interface Machine {
  readonly cpus: number
  /** Of the last minute, when the bench began. */
  readonly loadAverage: number
}

export const paperText = (results: PaperResults, { cpus, loadAverage }: Machine): string => {
  const { nodes, links, hosts, first, runs } = results
  const all = runs['on-demand']
  return [
    `A VNet of ${nodes} nodes and ${links} links over ${hosts} hosts, ${all.length} runs of each way; load of the machine before: ${loadAverage.toFixed(1)}.`,
    `From the request until the VNet stands and the consoles of all its nodes are open. The very first, cold, took ${first.seconds.toFixed(2)} s.\n`,
    `Table I. VNet instantiation time\n\n${tableOne(results)}`,
    `Table II. VNet instantiation time\n\n${tableTwo(results)}${takenText(results)}`,
    `Ratios\n\n${ratioText(results, 'at-vnp', published('at-vnp'))}${ratioText(results, 'preallocated', published('preallocated'))}`,
    `Where it goes\n\n${ways.map((way) => phasesText(way, runs[way])).join('\n')}`,
    `Table III. CPU during instantiation, on demand, discovery at the PIP\n\n${tableThree(results)}`,
    `CPU time of one instantiation, medians\n\n${timeTable(results)}`,
    differences(results, cpus),
  ].join('\n')
}

const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((a, b) => a + b, 0)

/** Times that hang less on what else the machine does. */
const timeTable = ({ runs }: PaperResults): string =>
  table([
    ['milliseconds', 'VNP', 'PIP', 'all hosts'],
    ...ways.map((way) => {
      const of = (take: (cpu: Instantiation['cpu']) => number): string =>
        (median(runs[way].map(({ cpu }) => take(cpu))) * 1000).toFixed(0)
      return [
        way,
        of(({ roles }) => roles['vnp'] ?? 0),
        of(({ roles }) => roles['pip'] ?? 0),
        of(({ hosts }) => sum(hosts)),
      ]
    }),
  ])
