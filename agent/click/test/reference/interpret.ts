/** Runs a flat graph packet by packet, in plain TypeScript: what the compiled programs are compared with. */
import type { Graph } from '../../../../click/graph.ts'
import { splitArguments } from '../../../../click/language/strings.ts'
import { basicElements, type Make, type ReferenceElement } from './elements.ts'
import { filterElements } from './filter-elements.ts'
import { ipElements } from './ip-elements.ts'
import { data, type ReferencePacket, receive } from './packet.ts'

export interface Frame {
  readonly device: string
  readonly bytes: Buffer
}

export interface SentFrame extends Frame {
  /** Index of the frame that caused it. */
  readonly cause: number
}

export interface Outcome {
  /** In the order in which they left. */
  readonly sent: readonly SentFrame[]
  readonly handler: (name: string) => string
}

const makers: Readonly<Record<string, Make>> = { ...basicElements, ...ipElements, ...filterElements }

/** The kernel sends no frame that is shorter than its Ethernet header; Click would. */
const leastFrame = 14

export const interpret = (graph: Graph, frames: readonly Frame[]): Outcome => {
  const sent: SentFrame[] = []
  let cause = 0
  const next = new Map(graph.connections.map(({ from, to }) => [`${from.node}:${from.port}`, to.node]))
  const elements: ReferenceElement[] = graph.elements.map(({ class: name, configuration }, node) => {
    const make = makers[name]
    if (!make) throw new Error(`the reference has no ${name}`)
    const ports = graph.connections.filter(({ from }) => from.node === node).map(({ from }) => from.port)
    return make({
      arguments: splitArguments(configuration),
      outputs: Math.max(-1, ...ports) + 1,
      output: (port: number, packet: ReferencePacket) => elements[next.get(`${node}:${port}`) ?? -1]?.push(packet),
      send: (device: string, packet: ReferencePacket) => {
        const bytes = Buffer.from(data(packet))
        if (bytes.length >= leastFrame) sent.push({ device, bytes, cause })
      },
    })
  })
  for (const [number, { device, bytes }] of frames.entries()) {
    cause = number
    const from = graph.elements.findIndex(
      ({ class: name, configuration }) => name === 'FromDevice' && splitArguments(configuration)[0] === device,
    )
    elements[from]?.push(receive(bytes))
  }
  const handler = (name: string): string => {
    const dot = name.lastIndexOf('.')
    const node = graph.elements.findIndex((element) => element.name === name.slice(0, dot))
    return elements[node]?.handlers[name.slice(dot + 1)]?.() ?? `no handler ${name}`
  }
  return { sent, handler }
}
