/** What a run found, as text that is read on a terminal. */
import type { LinksComparison } from './compare.ts'
import type { Part } from './options.ts'

/** The thousand-and-first link, of the first. */
export const targetRatio = 1.5

const titles: Readonly<Record<Part, string>> = {
  click: 'Data path click, by its driver',
  bridge: 'Data path bridge, by its driver',
  agent: 'Data path click, by a whole agent: two nodes (vifs alone) and a link, from the slice to the report',
  'agent-bridge': 'Data path bridge, by a whole agent: the same',
}

const ms = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
const ratio = (value: number): string => `${value.toFixed(2)} x`

const columns = ['links there', 'on an empty host', 'on this one', 'ratio', 'processor', 'ratio']

const row = (cells: readonly string[]): string => `  ${cells.map((cell) => cell.padStart(16)).join('  ')}`

const partText = (part: Part, { at, fillSeconds, kernelBytes, heapBytes }: LinksComparison): string => {
  const last = at.at(-1)
  const lines = at.map(({ links, empty, full, ratio: of, cpuRatio }) =>
    row([String(links), ms(empty.seconds), ms(full.seconds), ratio(of), ms(full.cpuSeconds), ratio(cpuRatio)]),
  )
  return [
    `${titles[part]}. One link more, medians of pairs.`,
    '',
    row(columns),
    ...lines,
    '',
    `  all ${last?.links} links: ${fillSeconds.toFixed(1)} s`,
    `  memory a link: ${part === 'bridge' ? '' : `kernel (programs, machine code, maps) ${kilobytes(kernelBytes)}, `}agent's heap ${kilobytes(heapBytes)}`,
    `  target: at most ${ratio(targetRatio)}: ${(last?.ratio ?? 0) <= targetRatio ? 'met' : 'MISSED'}`,
    '',
  ].join('\n')
}

export const reportText = (results: Partial<Record<Part, LinksComparison>>): string =>
  (Object.entries(results) as [Part, LinksComparison][]).map(([part, of]) => partText(part, of)).join('\n')
