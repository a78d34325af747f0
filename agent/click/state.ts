/** The state of a router in the kernel: its maps, made or carried over from the router before, and what elements see of them. */
import { WeftError } from '../../proto/errors.ts'
import { possibleCpuCount } from '../ebpf/cpus.ts'
import { type BpfMap, createMap } from '../ebpf/map.ts'
import type { MapSpec } from '../ebpf/map-spec.ts'
import type { Compiled, CompiledMap, PlacedElement } from './compile/compile.ts'
import type { Room } from './compile/element.ts'
import { stateMap } from './compile/state.ts'
import { type ElementState, Full } from './handlers.ts'

/** By what instructions call them. */
export type RouterMaps = ReadonlyMap<string, BpfMap>

export const mapSpecOf = ({ name, entries, ...rest }: CompiledMap): MapSpec => ({
  // Of its name the kernel takes 15 letters.
  name: name.slice(name.indexOf('.') + 1),
  ...rest,
  entries: 'count' in entries ? entries.count : entries.perProcessor * possibleCpuCount(),
})

/** Keys and values of maps, as the kernel has them in memory, without its own lists of them. */
export const mapBytesOf = (maps: readonly CompiledMap[]): number =>
  maps.map(mapSpecOf).reduce((sum, { keyBytes, valueBytes, entries }) => sum + (keyBytes + valueBytes) * entries, 0)

/** An element needs more room than it was compiled with. */
export class OutOfRoom extends WeftError {
  readonly element: string
  /** In which it would have enough. */
  readonly room: Room

  constructor({ name, class: of, landmark }: PlacedElement['element'], { message, room }: Full) {
    super('config.invalid', message, { object: `element/${name} :: ${of}`, where: landmark })
    this.element = name
    this.room = room
  }
}

/** What a router takes over from the one before. */
export interface Inherited {
  /** Maps that go on as they are, by what its instructions call them. */
  readonly maps: RouterMaps
  /** The state of an element whose maps have another room than before: its contents are copied. */
  readonly stateOf: (placed: PlacedElement) => ElementState | undefined
}

const nothing: Inherited = { maps: new Map(), stateOf: () => undefined }

/**
 * The maps of a router, those that it inherits among them, with what they hold before the first packet. Throws BpfError,
 * OutOfRoom; what was made is closed then, what was inherited is not.
 */
export const createMaps = (compiled: Compiled, inherited: Inherited = nothing): RouterMaps => {
  const carried = inherited.maps
  const maps = new Map<string, BpfMap>()
  try {
    for (const map of compiled.maps) maps.set(map.name, carried.get(map.name) ?? createMap(mapSpecOf(map)))
    const memory = mapOf(maps, stateMap).memory()
    new Uint8Array(memory).set(compiled.initialState)
    for (const placed of compiled.elements) {
      try {
        startElement(placed, maps, inherited, new DataView(memory))
      } catch (error) {
        throw error instanceof Full ? new OutOfRoom(placed.element, error) : error
      }
    }
    return maps
  } catch (error) {
    for (const [name, map] of maps) if (!carried.has(name)) map.close()
    throw error
  }
}

/** What of an element's maps is carried over is hidden from its start behind a map of the same kind that nobody sees. */
const startElement = (placed: PlacedElement, maps: RouterMaps, inherited: Inherited, state: DataView): void => {
  const carried = inherited.maps
  const before = inherited.stateOf(placed)
  if (before && placed.code.carry) {
    const own = stateOf(placed, (name) => mapOf(maps, name), state)
    placed.code.carry(before, own, placed.room)
    return
  }
  const own = [...placed.maps.values()]
  const kept = own.filter((name) => carried.has(name))
  if (!placed.code.start || (own.length > 0 && kept.length === own.length)) return
  const hidden = new Map(kept.map((name) => [name, createMap(mapOf(maps, name).spec)]))
  try {
    const visible = new Map([...maps, ...hidden])
    placed.code.start(
      stateOf(placed, (name) => mapOf(visible, name), state),
      placed.configured,
      placed.room,
    )
  } finally {
    for (const map of hidden.values()) map.close()
  }
}

/** What an element's handlers see; `map` gives the router's maps by what instructions call them. */
export const stateOf = (
  { slots, maps: own }: PlacedElement,
  map: (name: string) => BpfMap,
  view: DataView,
): ElementState => {
  const at = (slot: string): number => {
    const offset = slots.get(slot)
    if (offset === undefined) throw new RangeError(`no slot ${slot}`)
    return offset
  }
  return {
    get: (slot) => view.getBigUint64(at(slot), true),
    set: (slot, value) => view.setBigUint64(at(slot), BigInt.asUintN(64, value), true),
    map: (name) => map(own.get(name) ?? ''),
  }
}

export const mapOf = (maps: RouterMaps, name: string): BpfMap => {
  const map = maps.get(name)
  if (!map) throw new RangeError(`no map ${name}`)
  return map
}
