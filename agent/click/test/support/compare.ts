/** Runs a configuration in the kernel and by the reference, and compares every byte. */
import { createDiagnostics } from '../../../../click/diagnostics.ts'
import { flatten } from '../../../../click/flatten/flatten.ts'
import type { Graph } from '../../../../click/graph.ts'
import { parse } from '../../../../click/language/parse.ts'
import { runOnPackets } from '../../run/run.ts'
import { interpret } from '../reference/interpret.ts'
import type { TestConfiguration } from './configurations.ts'
import { settleQueries, settleTimes } from './settle.ts'

export const graphOf = (text: string): Graph => {
  const diagnostics = createDiagnostics()
  const graph = flatten(parse(text, 'test.click', {}, diagnostics), { expandVariables: true }, diagnostics)
  if (diagnostics.list.length > 0) throw new Error(JSON.stringify(diagnostics.list))
  return graph
}

export interface Comparison {
  readonly kernel: unknown
  readonly reference: unknown
  /** How many frames left, in all. */
  readonly sentCount: number
}

interface Left {
  readonly cause: number
  readonly bytes: Buffer
}

const hostOutput = ' host'

const print = (lists: ReadonlyMap<string, readonly Left[]>): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...lists].map(([name, list]) => [name, list.map(({ cause, bytes }) => `${cause}: ${bytes.toString('hex')}`)]),
  )

/** Sends the frames in, at each device in its turn. Each output is a list of `packet number: bytes`. */
export const compareRuns = async (
  { text, handlers = [], devices = ['in'] }: TestConfiguration,
  frames: readonly Buffer[],
): Promise<Comparison> => {
  const graph = graphOf(text)
  const deviceOf = (number: number): string => devices[number % devices.length] ?? ''
  const inputs = devices.map((device) => ({
    device,
    packets: frames.flatMap((bytes, i) =>
      deviceOf(i) === device ? [{ timestampNs: BigInt(i), bytes, originalBytes: bytes.length }] : [],
    ),
  }))
  const fromMs = Date.now() - 1000
  const run = await runOnPackets(graph, inputs, handlers)
  const toMs = Date.now() + 1000
  const asks = graph.elements.some(({ class: name }) => name === 'ARPQuerier')
  const settle = (list: readonly Left[]): readonly Left[] => (asks ? settleQueries(list) : list)
  const kernel = new Map(
    [...run.outputs, [hostOutput, run.host] as const].map(([device, list]) => [
      device,
      settle(list.map(({ timestampNs, bytes }) => ({ cause: Number(timestampNs), bytes: Buffer.from(bytes) }))),
    ]),
  )
  const outcome = interpret(
    graph,
    frames.map((bytes, i) => ({ device: deviceOf(i), bytes })),
  )
  const reference = new Map(
    [...kernel].map(([device, list]) => {
      const sent = device === hostOutput ? outcome.delivered : outcome.sent.filter((frame) => frame.device === device)
      const settled = settle(sent).map(({ cause, bytes }, i) => ({
        cause,
        bytes: settleTimes(bytes, list[i]?.bytes ?? Buffer.alloc(0), fromMs, toMs),
      }))
      return [device, settled] as const
    }),
  )
  const values = Object.fromEntries(handlers.map((name) => [name, outcome.handler(name)]))
  return {
    kernel: { ...print(kernel), handlers: Object.fromEntries(run.handlers) },
    reference: { ...print(reference), handlers: values },
    sentCount: outcome.sent.length + outcome.delivered.length,
  }
}
