/**
 * The paper's figures 7 and 8, of what this machine does: aggregated forwarding rates of one to six unidirectional flows with packets of 64 and 1500 bytes,
 * and the throughput with those of 1500. Beside each rate stands the cost of a packet: where flows share processors, that is what compares.
 */

import { drawChart, type Panel } from '../svg.ts'
import type { LiveResult } from './live/compare.ts'

export interface Figure {
  /** Of the file. */
  readonly name: string
  readonly svg: string
}

/** Of 1500 bytes of IP, as the paper counts: with Ethernet's header. */
const bitsOf = ({ packetsPerSecond, frameBytes }: LiveResult): number => packetsPerSecond * frameBytes * 8

const seriesOf = (results: readonly LiveResult[], value: (result: LiveResult) => number): Panel['series'] =>
  [...new Set(results.map(({ title }) => title))].map((title) => ({
    title,
    points: results.filter((result) => result.title === title).map((result) => [result.flows, value(result)] as const),
  }))

export const figuresOf = (all: readonly LiveResult[], machine: string): readonly Figure[] => {
  const results = all.filter(({ name }) => name !== 'floor' && name !== 'xdp-floor')
  const threads = Math.max(...results.map((result) => result.threads))
  const notes = [
    machine[0]?.toUpperCase() + machine.slice(1),
    `Sent, forwarded and counted on ${threads} of its processors, one flow on one: the cost of a packet has all of it`,
  ]
  const cost = (of: readonly LiveResult[]): Panel => ({
    title: 'cost of a packet',
    x: 'flows',
    y: 'processor time, ns a packet',
    series: seriesOf(of, ({ nsPerPacket }) => nsPerPacket),
  })
  const rate = (of: readonly LiveResult[]): Panel => ({
    title: 'aggregated rate',
    x: 'flows',
    y: 'million packets a second',
    series: seriesOf(of, ({ packetsPerSecond }) => packetsPerSecond / 1e6),
  })
  const ofSize = (bytes: number): readonly LiveResult[] => results.filter(({ frameBytes }) => frameBytes === bytes)
  const [small, large] = [ofSize(64), ofSize(1514)]
  const throughput: Panel = {
    title: 'aggregated throughput',
    x: 'flows',
    y: 'Gbit/s',
    series: seriesOf(large, (result) => bitsOf(result) / 1e9),
  }
  return [
    { name: 'figure-7a', svg: drawChart('Forwarding, packets of 64 bytes', notes, [rate(small), cost(small)]) },
    { name: 'figure-7b', svg: drawChart('Forwarding, packets of 1500 bytes', notes, [rate(large), cost(large)]) },
    { name: 'figure-8', svg: drawChart('Throughput, packets of 1500 bytes', notes, [throughput, cost(large)]) },
  ]
}
