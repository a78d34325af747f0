/** The state of a router in the kernel: its maps, made or carried over from the router before, and what elements see of them. */
import { possibleCpuCount } from '../ebpf/cpus.ts'
import { type BpfMap, createMap } from '../ebpf/map.ts'
import type { MapSpec } from '../ebpf/map-spec.ts'
import type { Compiled, CompiledMap, PlacedElement } from './compile/compile.ts'
import { stateMap } from './compile/state.ts'
import type { ElementState } from './handlers.ts'

/** By what instructions call them. */
export type RouterMaps = ReadonlyMap<string, BpfMap>

export const mapSpecOf = ({ name, entries, ...rest }: CompiledMap): MapSpec => ({
  // Of its name the kernel takes 15 letters.
  name: name.slice(name.indexOf('.') + 1),
  ...rest,
  entries: 'count' in entries ? entries.count : entries.perProcessor * possibleCpuCount(),
})

/**
 * The maps of a router, those that are carried over among them, with what they hold before the first packet. Elements do not start on what is
 * carried over. Throws BpfError; what was made is closed then, what was carried is not.
 */
export const createMaps = (compiled: Compiled, carried: RouterMaps = new Map()): RouterMaps => {
  const maps = new Map<string, BpfMap>()
  try {
    for (const map of compiled.maps) maps.set(map.name, carried.get(map.name) ?? createMap(mapSpecOf(map)))
    const memory = mapOf(maps, stateMap).memory()
    new Uint8Array(memory).set(compiled.initialState)
    for (const placed of compiled.elements) startElement(placed, maps, carried, new DataView(memory))
    return maps
  } catch (error) {
    for (const [name, map] of maps) if (!carried.has(name)) map.close()
    throw error
  }
}

/** What of an element's maps is carried over is hidden from its start behind a map of the same kind that nobody sees. */
const startElement = (placed: PlacedElement, maps: RouterMaps, carried: RouterMaps, state: DataView): void => {
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
