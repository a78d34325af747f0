/** Runs a configuration in the kernel and by the reference, and compares every byte. */
import { createDiagnostics } from '../../../../click/diagnostics.ts'
import { flatten } from '../../../../click/flatten/flatten.ts'
import type { Graph } from '../../../../click/graph.ts'
import { parse } from '../../../../click/language/parse.ts'
import { runOnPackets } from '../../run/run.ts'
import { interpret } from '../reference/interpret.ts'

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

/** Sends the frames in at the device `in`. Each output is a list of `packet number: bytes`. */
export const compareRuns = async (
  text: string,
  frames: readonly Buffer[],
  handlers: readonly string[] = [],
): Promise<Comparison> => {
  const graph = graphOf(text)
  const packets = frames.map((bytes, i) => ({ timestampNs: BigInt(i), bytes, originalBytes: bytes.length }))
  const run = await runOnPackets(graph, [{ device: 'in', packets }], handlers)
  const kernel = Object.fromEntries(
    [...run.outputs].map(([device, sent]) => [
      device,
      sent.map(({ timestampNs, bytes }) => `${timestampNs}: ${Buffer.from(bytes).toString('hex')}`),
    ]),
  )
  const reference = Object.fromEntries([...run.outputs.keys()].map((device): [string, string[]] => [device, []]))
  const outcome = interpret(
    graph,
    frames.map((bytes) => ({ device: 'in', bytes })),
  )
  for (const { device, bytes, cause } of outcome.sent) reference[device]?.push(`${cause}: ${bytes.toString('hex')}`)
  const values = Object.fromEntries(handlers.map((name) => [name, outcome.handler(name)]))
  return {
    kernel: { ...kernel, handlers: Object.fromEntries(run.handlers) },
    reference: { ...reference, handlers: values },
    sentCount: outcome.sent.length,
  }
}
