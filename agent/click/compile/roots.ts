/** Where packets enter a configuration, and where they leave it for the host. */

import type { ValuesOf } from '../../../click/arguments/spec.ts'
import type { fromDevice } from '../../../click/elements/from-device.ts'
import type { fromHost } from '../../../click/elements/from-host.ts'
import type { toHost } from '../../../click/elements/to-host.ts'
import type { CompiledProgram, CompileOptions, HostDevice, PlacedElement } from './compile.ts'
import { hostEntry } from './host.ts'
import type { Level } from './segments.ts'
import type { Wiring } from './wiring.ts'

/** A program to be, and the index of the element that it begins with. */
export interface Root extends Omit<CompiledProgram, 'program'> {
  readonly node: number
  readonly level: Level
}

type FromDevice = ValuesOf<(typeof fromDevice)['arguments']>
type FromHost = ValuesOf<(typeof fromHost)['arguments']>
type ToHost = ValuesOf<(typeof toHost)['arguments']>

/** The slot of elements that begin a program where those of its packets count that were given up. */
export const lostSlotName = 'lost'

export const rootsOf = (
  elements: readonly PlacedElement[],
  { hook = defaultHook }: Pick<CompileOptions, 'hook'>,
): readonly Root[] => {
  const count = 1 + elements.filter(({ element }) => element.class === 'FromHost').length
  let level = 0
  return elements.flatMap(({ element, configured }, node): Root[] => {
    if (element.class === 'FromDevice') {
      const { DEVNAME: device, ATTACH: attach } = configured.values as FromDevice
      const root = { element, device, attach }
      return [{ ...root, node, direction: 'ingress', hook: hook(root), level: { level: 0, count } }]
    }
    if (element.class === 'FromHost') {
      const { DEVNAME: device } = configured.values as FromHost
      level++
      return [{ node, element, device, direction: 'egress', hook: 'tc', attach: 'auto', level: { level, count } }]
    }
    return []
  })
}

const defaultHook: NonNullable<CompileOptions['hook']> = ({ attach }) => (attach === 'xdp' ? 'xdp' : 'tc')

/** One that packets are taken from, too, is there already, and nobody's to make. */
export const hostDevicesOf = (elements: readonly PlacedElement[]): readonly HostDevice[] => {
  const taken = new Set(
    elements.flatMap(({ element, configured }) =>
      element.class === 'FromDevice' ? [(configured.values as FromDevice).DEVNAME] : [],
    ),
  )
  return elements.flatMap(({ element, configured }): HostDevice[] => {
    if (element.class !== 'FromHost') return []
    const { DEVNAME: name, PREFIX: prefix, ETHER: etherAddress, MTU: mtu, TYPE } = configured.values as FromHost
    return taken.has(name) ? [] : [{ element, name, prefix, etherAddress, mtu, arp: TYPE === 'ETHER' }]
  })
}

type Targets = ReadonlyMap<string, PlacedElement>

/** Devices whose ingress the host may get packets by, each with the first ToHost that hands them over there. */
export const hostTargets = (
  elements: readonly PlacedElement[],
  roots: readonly Root[],
  wiring: Pick<Wiring, 'reachedFrom'>,
): Targets => {
  const targets = new Map<string, PlacedElement>()
  const reached = roots.map(({ node, device }) => ({ device, ...wiring.reachedFrom(node) }))
  for (const [node, placed] of elements.entries()) {
    if (placed.element.class !== 'ToHost') continue
    const { DEVNAME } = placed.configured.values as ToHost
    const devices =
      DEVNAME === undefined ? reached.filter(({ reaches }) => reaches(node)).map(({ device }) => device) : [DEVNAME]
    for (const device of devices) if (!targets.has(device)) targets.set(device, placed)
  }
  return targets
}

/** The programs that let such packets pass where no program of a FromDevice does. */
export const entriesOf = (targets: Targets, roots: readonly Root[]): readonly CompiledProgram[] =>
  [...targets].flatMap(([device, { element }]): CompiledProgram[] => {
    const root = roots.find((each) => each.device === device && each.direction === 'ingress')
    if (root?.hook === 'tc') return []
    const program = hostEntry(root?.hook === 'xdp')
    return [{ element, device, direction: 'ingress', hook: 'tc', attach: 'auto', program }]
  })
