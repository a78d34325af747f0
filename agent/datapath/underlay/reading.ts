/** Queueing as it is: all disciplines that somebody chose, and the classes and filters of the NICs that carry ours. */
import { readU32 } from '../../netlink/codec/byte-order.ts'
import type { Message } from '../../netlink/codec/message.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import type { TrafficClass } from '../../netlink/traffic/class.ts'
import type { Filter } from '../../netlink/traffic/filter.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { decodeQdisc, dumpQdiscs, type Qdisc } from '../../netlink/traffic/qdisc.ts'
import { rootHandle } from './pieces.ts'
import { type TrafficState, trafficState } from './traffic-state.ts'

export interface TrafficReading {
  readonly qdiscs: readonly Qdisc[]
  /** Of the NICs that carry our root discipline. */
  readonly classes: readonly TrafficClass[]
  readonly filters: readonly Filter[]
}

/** NICs that carry our root discipline, by index. */
export const underlays = (qdiscs: readonly Qdisc[]): readonly number[] =>
  qdiscs.filter(({ handle }) => handle === rootHandle).map(({ index }) => index)

/** Not the kernel's own choice, which each interface has that nobody chose for: struct tcmsg has handle and parent after its family and index. */
const isChosen = ({ body }: Message): boolean => readU32(body, 8) !== 0 || readU32(body, 12) !== parent.root

/** One dump, and two more for each underlay NIC. Rejects with NetlinkError. */
export const readTraffic = async (route: RouteSocket): Promise<TrafficReading> => {
  const qdiscs = (await route.dump(dumpQdiscs())).filter(isChosen).map(decodeQdisc)
  const indices = underlays(qdiscs)
  const [classes, filters] = await Promise.all([
    Promise.all(indices.map((index) => route.classes(index))),
    Promise.all(indices.map((index) => route.filters({ index, parent: rootHandle }))),
  ])
  return { qdiscs, classes: classes.flat(), filters: filters.flat() }
}

/** Pure: a reading by the index of the interface. */
export const trafficOf = ({ qdiscs, classes, filters }: TrafficReading): ReadonlyMap<number, TrafficState> => {
  const classesOf = Map.groupBy(classes, ({ index }) => index)
  const filtersOf = Map.groupBy(filters, ({ place }) => ('index' in place ? place.index : 0))
  const byIndex = Map.groupBy(qdiscs, ({ index }) => index)
  return new Map(
    [...byIndex].map(([index, of]) => [index, trafficState(of, classesOf.get(index), filtersOf.get(index))]),
  )
}
