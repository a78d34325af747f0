/** A configuration run on captured packets, by the programs that it has in production, on interfaces of a namespace of its own. */
import type { Graph } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'
import { compile } from '../compile/compile.ts'
import type { CapturedPacket } from '../pcap.ts'
import { loadRouter } from '../router.ts'
import { type Devices, devicesOf } from './devices.ts'
import { openWires, type Wires } from './wires.ts'

/** The interfaces of a run are no cards: what is asked to be in XDP runs in traffic control. */
const hook = () => 'tc' as const

export interface Input {
  readonly device: string
  readonly packets: readonly CapturedPacket[]
}

export interface RunResult {
  /** What left by each ToDevice, in order, with the timestamp of the packet that caused it. */
  readonly outputs: ReadonlyMap<string, readonly CapturedPacket[]>
  /** What ToHost handed to the host. */
  readonly host: readonly CapturedPacket[]
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
  // What does not compile is refused before anything is made; the programs of the run then name its interfaces.
  const devices = devicesOf(compile(graph, { device: () => 1, hook }))
  for (const { device } of inputs) {
    if (!devices.sources.has(device))
      throw new WeftError('config.invalid', `no FromDevice(${device}) takes the packets of --in ${device}`)
  }
  const wires = await openWires(devices.all)
  try {
    const router = loadRouter(compile(graph, { device: wires.index, hook }))
    try {
      for (const program of router.programs) await wires.attach(program)
      await wires.watch()
      return {
        ...(await sendAll(wires, inputs, devices)),
        handlers: new Map(handlers.map((name) => [name, router.read(name)])),
      }
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
  { sources, sinks }: Devices,
): Promise<Pick<RunResult, 'outputs' | 'host'>> => {
  const outputs = new Map([...sinks].map((device): [string, CapturedPacket[]] => [device, []]))
  const host: CapturedPacket[] = []
  const packets = inputs.flatMap(({ device, packets }) => packets.map((packet) => ({ device, packet })))
  // Sorting keeps the order of equal ones.
  packets.sort((one, other) => Number(one.packet.timestampNs - other.packet.timestampNs))
  for (const { device, packet } of packets) {
    for (const sent of await wires.send(device, sources.get(device) ?? 'wire', packet.bytes)) {
      const { bytes } = sent
      const to = sent.toHost ? host : outputs.get(sent.device)
      to?.push({ timestampNs: packet.timestampNs, bytes, originalBytes: bytes.length })
    }
  }
  return { outputs, host }
}
