/** What one configuration hands to the next: by the names of elements of the same class, as Click's hotconfig does. */
import type { Graph } from '../../../click/graph.ts'
import type { BpfMap } from '../../ebpf/map.ts'
import type { MapSpec } from '../../ebpf/map-spec.ts'
import type { Compiled, PlacedElement } from '../compile/compile.ts'
import { mapSpecOf } from '../state.ts'
import type { RoomOf } from './record.ts'

/** Bytes from the start of the state before and after. */
interface CarriedSlot {
  readonly from: number
  readonly to: number
  /** Whether what is added later goes over too. */
  readonly counts: boolean
}

export interface Carrying {
  /** Maps that go on as they are: what the new instructions call them, and what the old did. */
  readonly maps: ReadonlyMap<string, string>
  readonly slots: readonly CarriedSlot[]
  /** Elements whose maps have another room than before, and what they were: their contents are copied. */
  readonly copied: ReadonlyMap<PlacedElement, PlacedElement>
}

/** What a configuration string says is kept only where it still says so; what was counted and learnt in any case. */
export const planCarrying = (before: Compiled, after: Compiled): Carrying => {
  const old = new Map(before.elements.map((placed) => [placed.element.name, placed]))
  const oldSpecs = specsOf(before)
  const newSpecs = specsOf(after)
  const maps = new Map<string, string>()
  const slots: CarriedSlot[] = []
  const copied = new Map<PlacedElement, PlacedElement>()
  for (const placed of after.elements) {
    const same = old.get(placed.element.name)
    if (same?.element.class !== placed.element.class) continue
    const keeps = keeper(same, placed)
    for (const [name, to] of placed.slots) {
      const from = same.slots.get(name)
      if (from !== undefined && keeps(name)) slots.push({ from, to, counts: !placed.code.copied?.includes(name) })
    }
    for (const [name, to] of placed.maps) {
      const from = same.maps.get(name)
      if (from === undefined || !keeps(name)) continue
      if (newSpecs.get(to) === oldSpecs.get(from)) maps.set(to, from)
      else if (placed.code.carry) copied.set(placed, same)
    }
  }
  return { maps, slots, copied }
}

const keeper = ({ element: before }: PlacedElement, { element: after, code }: PlacedElement) => {
  const settings = new Set(before.configuration === after.configuration ? [] : code.settings)
  return (name: string): boolean => !settings.has(name)
}

/** Rooms that elements have grown to, for those that go on with the same string. */
export const keptRoom = (before: Graph, after: Graph, room: RoomOf): RoomOf => {
  const old = new Map(before.elements.map((element) => [element.name, element]))
  const kept = after.elements.filter(({ name, class: of, configuration }) => {
    const same = old.get(name)
    return same?.class === of && same.configuration === configuration
  })
  return Object.fromEntries(kept.flatMap(({ name }) => (room[name] ? [[name, room[name]]] : [])))
}

const specsOf = ({ maps }: Compiled): ReadonlyMap<string, string> =>
  new Map(maps.map((map) => [map.name, specText(mapSpecOf(map))]))

const specText = ({ kind, keyBytes, valueBytes, entries, mappable, sparse, readOnlyProgram }: MapSpec): string =>
  [kind, keyBytes, valueBytes, entries, mappable, sparse, readOnlyProgram].join()

export interface CarriedCounts {
  /** Adds what the old programs have counted since: call it once they run no more. */
  addLate(): void
}

/** Copies what slots hold; while nobody uses the new ones yet. */
export const carrySlots = (slots: readonly CarriedSlot[], from: BpfMap, to: BpfMap): CarriedCounts => {
  const old = new BigUint64Array(from.memory())
  const fresh = new BigUint64Array(to.memory())
  const pairs = slots.flatMap(({ from, to, counts }) => {
    const [source, target] = [from / 8, to / 8]
    const copied = old[source] ?? 0n
    fresh[target] = copied
    return counts ? [{ source, target, copied }] : []
  })
  return {
    addLate: () => {
      for (const { source, target, copied } of pairs) {
        const late = BigInt.asUintN(64, (old[source] ?? 0n) - copied)
        // Programs add to it at the same time.
        if (late !== 0n) Atomics.add(fresh, target, late)
      }
    },
  }
}
