/** Memory and latency of a PIP against the number of its hosts, as a chart. */
import { drawChart, type Panel } from '../svg.ts'
import type { ScaleResult } from './measure.ts'

/** SVG; `machine` in words. Results of two numbers of hosts or more. */
export const figureOf = (results: readonly ScaleResult[], machine: string): string => {
  const panel = (
    title: string,
    y: string,
    values: Readonly<Record<string, (result: ScaleResult) => number>>,
  ): Panel => ({
    title,
    x: 'hosts',
    y,
    doublings: true,
    series: Object.entries(values).map(([name, value]) => ({
      title: name,
      points: results.map((result) => [result.hosts, value(result)] as const),
    })),
  })
  return drawChart(
    'A PIP by the number of its hosts',
    [machine[0]?.toUpperCase() + machine.slice(1)],
    [
      panel('resident memory of the PIP', 'MiB', {
        'with nothing placed': ({ emptyBytes }) => emptyBytes / 2 ** 20,
        'after all changes': ({ residentBytes }) => residentBytes / 2 ** 20,
      }),
      panel('until a reservation is answered', 'ms', {
        median: ({ reservedMs }) => reservedMs.p50,
        'of 99 %': ({ reservedMs }) => reservedMs.p99,
      }),
      panel('processor time of a change', 'ms', {
        'all threads': ({ cpuSeconds, changes }) => (1000 * cpuSeconds) / changes,
        'the thread that decides, waits for the disk included': ({ busySeconds, changes }) =>
          (1000 * busySeconds) / changes,
      }),
    ],
  )
}
