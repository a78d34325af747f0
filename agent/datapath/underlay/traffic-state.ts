/** Disciplines, classes and filters of one interface, so that each is found at once. */
import type { TrafficClass } from '../../netlink/traffic/class.ts'
import type { Filter } from '../../netlink/traffic/filter.ts'
import { majorOf, parent } from '../../netlink/traffic/handle.ts'
import type { Qdisc } from '../../netlink/traffic/qdisc.ts'
import { formatKeys, tellings } from './flow.ts'

export interface TrafficState {
  readonly qdiscs: readonly Qdisc[]
  /** Root discipline that somebody chose: one without a handle is the kernel's own choice. */
  readonly root: Qdisc | undefined
  /** What hangs where clsact does. */
  readonly hooks: Qdisc | undefined
  /** By the class that they are in. */
  readonly queues: ReadonlyMap<number, Qdisc>
  readonly classes: ReadonlyMap<number, TrafficClass>
  readonly filters: ReadonlyMap<number, Filter>
  /** Filters of segments, by what they find (flowKey). */
  readonly segments: ReadonlyMap<string, Filter>
  /** Classes that a filter leads to. */
  readonly filtered: ReadonlySet<number>
}

export const trafficState = (
  qdiscs: readonly Qdisc[],
  classes: readonly TrafficClass[] = [],
  filters: readonly Filter[] = [],
): TrafficState => ({
  qdiscs,
  root: qdiscs.find((qdisc) => qdisc.parent === parent.root && majorOf(qdisc.handle) !== 0),
  hooks: qdiscs.find((qdisc) => qdisc.parent === parent.clsact),
  queues: new Map(qdiscs.map((qdisc) => [qdisc.parent, qdisc])),
  classes: new Map(classes.map((one) => [one.classId, one])),
  filters: new Map(filters.map((filter) => [filter.handle, filter])),
  segments: new Map(filters.flatMap((filter) => entryOf(filter))),
  filtered: new Set(filters.flatMap(({ options }) => (options.kind === 'u32' ? [options.classId] : []))),
})

const tables: ReadonlySet<number> = new Set(Object.values(tellings).map(({ table }) => table))

const entryOf = (filter: Filter): readonly (readonly [string, Filter])[] => {
  const { handle, options } = filter
  const table = handle >>> 20
  if (options.kind !== 'u32' || options.divisor !== 0 || !tables.has(table)) return []
  return [[formatKeys(table, options.keys), filter]]
}

/** Of an interface that nothing is known of. */
export const noTraffic: TrafficState = trafficState([])
