/** From a flat, checked graph to programs: one for each FromDevice and FromHost, and the maps that they share. */
import type { EtherAddress, Prefix } from '../../../click/arguments/addresses.ts'
import { describePorts } from '../../../click/check/ports-text.ts'
import { type Configured, type PortCounts, configure as read } from '../../../click/element.ts'
import { type Graph, type GraphElement, usedPorts } from '../../../click/graph.ts'
import type { Program } from '../../ebpf/asm/asm.ts'
import { elementCode } from '../elements/elements.ts'
import { savesMapOf } from './copies.ts'
import type { AnyElementCode, ElementMap, ProgramPlace, Room } from './element.ts'
import type { Hook } from './packet.ts'
import { compileProgram } from './program.ts'
import { invalid, notSupported } from './refusal.ts'
import { entriesOf, hostDevicesOf, hostTargets, lostSlotName, type Root, rootsOf } from './roots.ts'
import { segmentsMapOf } from './segments.ts'
import { stateMapOf } from './state.ts'
import { wire } from './wiring.ts'

export interface CompileOptions {
  /** Index of an interface by name, where packets are sent to. */
  readonly device: (name: string) => number
  /** Where FromDevice's programs are to run; without it in XDP where ATTACH says so, else in traffic control. */
  readonly hook?: (fromDevice: {
    readonly element: GraphElement
    readonly device: string
    readonly attach: Attach
  }) => Hook
  /** Room for elements, by name, where they shall have more than their arguments ask for. */
  readonly room?: ReadonlyMap<string, Room>
}

/** What FromDevice's ATTACH says; `auto` of other programs. */
export type Attach = 'auto' | 'xdp' | 'tcx' | 'clsact'

/** A program, and where it is to be attached. There is one at most for a hook, device and direction. */
export interface CompiledProgram extends ProgramPlace {
  /** FromDevice, FromHost, or the first ToHost that hands packets over at the device. */
  readonly element: GraphElement
  readonly hook: Hook
  readonly attach: Attach
  readonly program: Program
}

/** The device of a FromHost: to be made, and brought up, where there is none of its name. */
export interface HostDevice {
  readonly element: GraphElement
  readonly name: string
  /** An address of the host's, and the network that is reached by the device. */
  readonly prefix: Prefix | undefined
  readonly etherAddress: EtherAddress
  readonly mtu: number
  /** Whether the host asks for Ethernet addresses there; with TYPE IP it sends without (IFF_NOARP). */
  readonly arp: boolean
}

export interface CompiledMap extends ElementMap {
  /** As instructions call it. */
  readonly name: string
}

/** An element as it was configured, and where its state is. */
export interface PlacedElement {
  readonly element: GraphElement
  readonly code: AnyElementCode
  readonly configured: Configured
  readonly outputs: number
  /** What the handler of that name reads. */
  readonly ports: () => string
  /** Bytes from the start of the state's one value, by slot. */
  readonly slots: ReadonlyMap<string, number>
  /** What instructions call the maps of its own, by name. */
  readonly maps: ReadonlyMap<string, string>
  readonly room: Room
}

export interface Compiled {
  readonly programs: readonly CompiledProgram[]
  readonly hostDevices: readonly HostDevice[]
  readonly maps: readonly CompiledMap[]
  readonly elements: readonly PlacedElement[]
  /** The first value of the map `state`. */
  readonly initialState: Uint8Array
}

/** Throws WeftError: not-supported, config.invalid. The devices' programs do not depend on each other but by state. */
export const compile = (graph: Graph, options: CompileOptions): Compiled => {
  const wiring = wire(graph)
  const ports = usedPorts(graph)
  let texts: ReturnType<typeof describePorts> | undefined
  const portsOf = (node: number): string => {
    texts ??= describePorts(graph, (name) => elementCode(name)?.of)
    return texts(node)
  }
  const initial: bigint[] = []
  const shared = new Map<string, number>()
  const maps: CompiledMap[] = []
  refuseUnknown(graph)
  const elements = graph.elements.map((element, node): PlacedElement => {
    const code = elementCode(element.class)
    if (!code) throw notSupported(element, 'element class')
    const { inputs = 0, outputs = 0 } = ports[node] ?? {}
    const configured = configure(element, code, { inputs, outputs })
    const slots = new Map<string, number>()
    for (const [name, value] of Object.entries(code.slots?.(configured) ?? {})) {
      slots.set(name, 8 * initial.length)
      initial.push(value)
    }
    for (const [name, value] of Object.entries(code.shared ?? {})) {
      const at = shared.get(name) ?? 8 * initial.length
      if (!shared.has(name)) initial.push(value)
      shared.set(name, at)
      slots.set(name, at)
    }
    const own = new Map<string, string>()
    const room = roomier(code.room?.(configured) ?? {}, options.room?.get(element.name))
    for (const [name, map] of Object.entries(code.maps?.(configured, room) ?? {})) {
      // No element's name has a dot: none of the router's own maps is called so.
      own.set(name, `${element.name}.${name}`)
      maps.push({ name: `${element.name}.${name}`, ...map })
    }
    return { element, code, configured, outputs, ports: () => portsOf(node), slots, maps: own, room }
  })
  const roots = rootsOf(elements, options)
  const levels = Math.max(...roots.map(({ level }) => level.count))
  let usesSegments = false
  let usesSaves = false
  refuseTwice(roots)
  const targets = hostTargets(elements, roots, wiring)
  const programs = roots.map((root): CompiledProgram => {
    const { node, level, ...place } = root
    const receivesForHost = place.hook === 'tc' && place.direction === 'ingress' && targets.has(place.device)
    const lostSlot = elements[node]?.slots.get(lostSlotName) ?? 0
    const compiled = compileProgram({ ...root, receivesForHost, lostSlot }, elements, wiring, options)
    usesSegments ||= compiled.usesSegments
    usesSaves ||= compiled.usesSaves
    return { ...place, program: compiled.program }
  })
  const bytes = new Uint8Array(8 * Math.max(1, initial.length))
  const view = new DataView(bytes.buffer)
  initial.forEach((value, i) => {
    view.setBigUint64(8 * i, BigInt.asUintN(64, value), true)
  })
  return {
    programs: [...programs, ...entriesOf(targets, roots)],
    hostDevices: hostDevicesOf(elements),
    maps: [
      stateMapOf(bytes.length),
      ...(usesSegments ? [segmentsMapOf(levels)] : []),
      ...(usesSaves ? [savesMapOf(levels)] : []),
      ...maps,
    ],
    elements,
    initialState: bytes,
  }
}

const roomier = (needed: Room, given: Room = {}): Room =>
  Object.fromEntries(Object.entries(needed).map(([name, count]) => [name, Math.max(count, given[name] ?? 0)]))

/** All of them at once: one by one they would be a guessing game. */
const refuseUnknown = ({ elements }: Graph): void => {
  const unknown = elements.filter((element) => !elementCode(element.class))
  const [first, ...more] = unknown
  if (!first) return
  const others = more.map(({ name, class: of, landmark }) => `${landmark}: ${name} :: ${of}`)
  throw notSupported(first, `element class ${first.class}${others.length > 0 ? ` (as ${others.join(', ')})` : ''}`)
}

const refuseTwice = (roots: readonly Root[]): void => {
  const seen = new Set<string>()
  for (const { element, device } of roots) {
    const key = `${element.class} of ${device}`
    if (seen.has(key)) throw notSupported(element, `a second ${key}`)
    seen.add(key)
  }
}

const configure = (element: GraphElement, code: AnyElementCode, ports: PortCounts): Configured => {
  const { configured, problems } = read(code.of, element.configuration, ports)
  if (!configured) throw invalid(element, problems.join('; '))
  const missing = code.unsupported?.(configured)
  if (missing !== undefined) throw notSupported(element, missing)
  return configured
}
