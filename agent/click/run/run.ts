/** A configuration run on captured packets, by the programs that it has in production, on interfaces of a namespace of its own. */
import type { Graph } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'
import { compile } from '../compile/compile.ts'
import type { CapturedPacket } from '../pcap.ts'
import { loadRouter } from '../router.ts'
import { devicesOf } from './devices.ts'
import { openWires, type Wires } from './wires.ts'

export interface Input {
  readonly device: string
  readonly packets: readonly CapturedPacket[]
}

export interface RunResult {
  /** What left by each ToDevice, in order, with the timestamp of the packet that caused it. */
  readonly outputs: ReadonlyMap<string, readonly CapturedPacket[]>
  /** By name, as they were asked for. */
  readonly handlers: ReadonlyMap<string, string>
}

/**
 * Packets go in one at a time, in order of their timestamps over all inputs (of equal ones: the order of the inputs), each followed to its
 * end before the next. Rejects with WeftError.
 */
export const runOnPackets = async (
  graph: Graph,
  inputs: readonly Input[],
  handlers: readonly string[] = [],
): Promise<RunResult> => {
  const { sources, sinks } = devicesOf(graph)
  for (const { device } of inputs) {
    if (!sources.has(device))
      throw new WeftError('config.invalid', `no FromDevice(${device}) takes the packets of --in ${device}`)
  }
  // What does not compile is refused before anything is made; the programs of the run then name its interfaces.
  compile(graph, { device: () => 1 })
  const wires = await openWires([...new Set([...sources, ...sinks])])
  try {
    const router = loadRouter(compile(graph, { device: wires.index }))
    try {
      for (const { device, program } of router.programs) await wires.attach(device, program)
      const outputs = await sendAll(wires, inputs, sinks)
      return { outputs, handlers: new Map(handlers.map((name) => [name, router.read(name)])) }
    } finally {
      router.close()
    }
  } finally {
    await wires.close()
  }
}

const sendAll = async (
  wires: Wires,
  inputs: readonly Input[],
  sinks: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly CapturedPacket[]>> => {
  const outputs = new Map([...sinks].map((device): [string, CapturedPacket[]] => [device, []]))
  const packets = inputs.flatMap(({ device, packets }) => packets.map((packet) => ({ device, packet })))
  // Sorting keeps the order of equal ones.
  packets.sort((one, other) => Number(one.packet.timestampNs - other.packet.timestampNs))
  for (const { device, packet } of packets) {
    for (const sent of await wires.send(device, packet.bytes)) {
      const { bytes } = sent
      outputs.get(sent.device)?.push({ timestampNs: packet.timestampNs, bytes, originalBytes: bytes.length })
    }
  }
  return outputs
}
