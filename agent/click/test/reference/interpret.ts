/** Runs a flat graph packet by packet, in plain TypeScript: what the compiled programs are compared with. */
import type { Graph } from '../../../../click/graph.ts'
import { splitArguments } from '../../../../click/language/strings.ts'
import { argument, basicElements, type Make, type ReferenceElement } from './elements.ts'
import { encapElements } from './encap-elements.ts'
import { filterElements } from './filter-elements.ts'
import { forwardElements } from './forward-elements.ts'
import { icmpElements } from './icmp-elements.ts'
import { ipElements } from './ip-elements.ts'
import { lanElements } from './lan-elements.ts'
import { optionElements } from './option-elements.ts'
import { data, type ReferencePacket, receive } from './packet.ts'
import { tunnelElements } from './tunnel-elements.ts'

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
  /** What was handed to the host; the device is empty. */
  readonly delivered: readonly SentFrame[]
  readonly handler: (name: string) => string
}

export const makers: Readonly<Record<string, Make>> = {
  ...basicElements,
  ...ipElements,
  ...filterElements,
  ...encapElements,
  ...icmpElements,
  ...lanElements,
  ...optionElements,
  ...tunnelElements,
  ...forwardElements,
}

/** The kernel sends no frame that is shorter than its Ethernet header; Click would. */
const leastFrame = 14

export const interpret = (graph: Graph, frames: readonly Frame[]): Outcome => {
  const sent: SentFrame[] = []
  const delivered: SentFrame[] = []
  let cause = 0
  let errors = 0
  const next = new Map(graph.connections.map(({ from, to }) => [`${from.node}:${from.port}`, to]))
  const note = (list: SentFrame[], device: string, packet: ReferencePacket): void => {
    const bytes = Buffer.from(data(packet))
    if (bytes.length >= leastFrame) list.push({ device, bytes, cause })
  }
  const elements: ReferenceElement[] = graph.elements.map(({ class: name, configuration }, node) => {
    const make = makers[name]
    if (!make) throw new Error(`the reference has no ${name}`)
    const leaving = graph.connections.filter(({ from }) => from.node === node).map(({ from }) => from.port)
    const arriving = graph.connections.filter(({ to }) => to.node === node).map(({ to }) => to.port)
    return make({
      arguments: splitArguments(configuration),
      inputs: Math.max(-1, ...arriving) + 1,
      outputs: Math.max(-1, ...leaving) + 1,
      output: (port, packet) => {
        const to = next.get(`${node}:${port}`)
        if (to) elements[to.node]?.push(packet, to.port)
      },
      send: (device, packet) => note(sent, device, packet),
      deliver: (packet) => note(delivered, '', packet),
      nextErrorId: () => ++errors,
    })
  })
  for (const [number, { device, bytes }] of frames.entries()) {
    cause = number
    const from = graph.elements.findIndex(
      ({ class: name, configuration }) =>
        (name === 'FromDevice' || name === 'FromHost') &&
        argument(splitArguments(configuration), 'DEVNAME', 0) === device,
    )
    elements[from]?.push(receive(bytes), 0)
  }
  const handler = (name: string): string => {
    const dot = name.lastIndexOf('.')
    const node = graph.elements.findIndex((element) => element.name === name.slice(0, dot))
    return elements[node]?.handlers[name.slice(dot + 1)]?.() ?? `no handler ${name}`
  }
  return { sent, delivered, handler }
}
