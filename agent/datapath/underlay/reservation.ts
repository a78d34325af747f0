/**
 * What a segment is guaranteed at its underlay NIC: a class, its queue, and where packets do not say their class themselves the filter that
 * finds them. Minor numbers of classes:
 *
 *     100 … 7fff     segments that filters find: any that is free
 *     8001 … 8ffe    vlan: 8000 and the VLAN id
 *     9000 … ffff    qinq, mpls: any that is free; the kernel device's alias, or the Click router's text, says which
 */
import type { Request } from '../../netlink/socket/request.ts'
import { addClass, replaceClass } from '../../netlink/traffic/class.ts'
import { addFilter, deleteFilter, protocol } from '../../netlink/traffic/filter.ts'
import { handle, minorOf } from '../../netlink/traffic/handle.ts'
import type { HtbClass } from '../../netlink/traffic/htb.ts'
import { replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { u32Match } from '../../netlink/traffic/u32.ts'
import { classOf, queueOf, sameClass } from '../rates.ts'
import { type Flow, filterPlace, flowKey, isFiltered } from './flow.ts'
import { filterOf, filterPriority, innerClass, major, priorities, rootHandle } from './pieces.ts'
import type { TrafficState } from './traffic-state.ts'

export interface Reservation {
  readonly options: HtbClass
  /** Of its queue. */
  readonly limitBytes: number
}

export const reservationOf = (wireBitsPerSecond: number, nicRate: number): Reservation => ({
  options: classOf(wireBitsPerSecond, nicRate, priorities.segment),
  limitBytes: queueOf(wireBitsPerSecond).limit,
})

/** A reservation as it was found. */
export interface ObservedReservation {
  readonly classId: number
  /** Of its filter; 0: it has none. */
  readonly filter: number
  readonly options: HtbClass | undefined
  readonly limitBytes: number
}

const filtered = { first: 0x100, count: 0x7f00 } as const
const vlanFirst = 0x8000
const told = { first: 0x9000, count: 0x7000 } as const

/** How many classes a segment may choose among; undefined: one. */
const rangeOf = ({ technology }: Flow) => (isFiltered(technology) ? filtered : technology === 'vlan' ? undefined : told)

export const candidates = filtered.count

/** Class that a segment takes if nobody else has it; the attempt-th of its choices. */
export const candidateClass = (flow: Flow, attempt: number): number => {
  const range = rangeOf(flow)
  if (range === undefined) return handle(major, vlanFirst + flow.identifier)
  return handle(major, range.first + ((seedOf(flow) + attempt) % range.count))
}

/** Outer addresses count up within a host's prefix, so that neighbouring segments get neighbouring classes. */
const seedOf = (flow: Flow): number => {
  if (flow.identifier !== 0) return flow.identifier
  return (filterPlace(flow)?.keys ?? []).reduce((sum, { value }) => sum + value, 0)
}

/** Whether a class is one that packets say themselves. */
export const isSaid = (classId: number): boolean => minorOf(classId) >= vlanFirst

/** Whether it is one that nothing but the segment's device or router tells. */
export const isTold = (classId: number): boolean => minorOf(classId) >= told.first

/**
 * The class that packets of a segment are to say, where no filter finds them: the one told, else a free one; undefined where filters find
 * them.
 */
export const saidClass = (flow: Flow, state: TrafficState, toldClass: number | undefined): number | undefined => {
  const range = rangeOf(flow)
  if (isFiltered(flow.technology)) return undefined
  if (range === undefined) return candidateClass(flow, 0)
  if (toldClass !== undefined && isTold(toldClass)) return toldClass
  for (let attempt = 0; attempt < range.count; attempt++) {
    const classId = candidateClass(flow, attempt)
    if (!state.classes.has(classId)) return classId
  }
  return candidateClass(flow, 0)
}

/** Of segments that filters find alone. */
export const addSegmentFilter = (index: number, flow: Flow, classId: number): readonly Request[] => {
  const place = filterPlace(flow)
  return place === undefined ? [] : [addFilter(filterOf(index, u32Match(place.keys, classId, place.bucket)))]
}

export const deleteSegmentFilter = (index: number, filter: number): Request =>
  deleteFilter({ index, parent: rootHandle }, filterPriority, protocol.ipv4, filter, 'u32')

const segmentClass = (index: number, classId: number, options: HtbClass) => ({
  index,
  classId,
  parent: innerClass,
  options,
})

export const addSegmentClass = (index: number, classId: number, options: HtbClass): Request =>
  addClass(segmentClass(index, classId, options))

export const replaceSegmentClass = (index: number, classId: number, options: HtbClass): Request =>
  replaceClass(segmentClass(index, classId, options))

export const replaceSegmentQueue = (index: number, classId: number, limit: number): Request =>
  replaceQdisc({ index, parent: classId, options: { kind: 'bfifo', limit } })

/**
 * What a segment has at a NIC. Where its filter is gone its class is told by the place that it would have taken first, unless another
 * filter leads there.
 */
export const findReservation = (
  state: TrafficState,
  flow: Flow,
  toldClass?: number,
): ObservedReservation | undefined => {
  const filter = state.segments.get(flowKey(flow))
  const classId = filter?.options.kind === 'u32' ? filter.options.classId : classWithoutFilter(state, flow, toldClass)
  const found = classId === undefined ? undefined : state.classes.get(classId)
  if (classId === undefined || (filter === undefined && found === undefined)) return undefined
  const queue = state.queues.get(classId)
  return {
    classId,
    filter: filter?.handle ?? 0,
    options: found?.options.kind === 'htb' ? found.options : undefined,
    limitBytes: queue?.options.kind === 'bfifo' ? queue.options.limit : 0,
  }
}

const classWithoutFilter = (state: TrafficState, flow: Flow, toldClass: number | undefined): number | undefined => {
  if (rangeOf(flow) === told) return toldClass !== undefined && isTold(toldClass) ? toldClass : undefined
  const first = candidateClass(flow, 0)
  return state.filtered.has(first) ? undefined : first
}

/** Why a reservation is not what it should be; undefined where it is. */
export const reservationDrift = (
  flow: Flow,
  found: ObservedReservation | undefined,
  wanted: Reservation,
): string | undefined => {
  if (found === undefined) return 'is missing'
  if (found.filter === 0 && isFiltered(flow.technology)) return 'has no filter'
  if (found.options === undefined || !sameClass(found.options, wanted.options)) return 'differs'
  if (found.limitBytes !== wanted.limitBytes) return 'has another queue'
  return undefined
}
