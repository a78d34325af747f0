/** What a segment is guaranteed at its underlay NIC: a class, its queue, and the filter that finds the segment's packets by their VNI. */
import type { Request } from '../../netlink/socket/request.ts'
import { addClass, replaceClass } from '../../netlink/traffic/class.ts'
import { addFilter, deleteFilter, type Filter, protocol } from '../../netlink/traffic/filter.ts'
import { handle } from '../../netlink/traffic/handle.ts'
import type { HtbClass } from '../../netlink/traffic/htb.ts'
import { replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { u32Handle, u32Match } from '../../netlink/traffic/u32.ts'
import { classOf, queueOf, sameClass } from '../rates.ts'
import type { TrafficState } from './traffic-state.ts'
import { filterOf, filterPriority, innerClass, major, priorities, rootHandle, table } from './underlay.ts'

export interface Reservation {
  readonly identifier: number
  readonly options: HtbClass
  /** Of its queue. */
  readonly limitBytes: number
}

export const reservationOf = (identifier: number, wireBitsPerSecond: number, nicRate: number): Reservation => ({
  identifier,
  options: classOf(wireBitsPerSecond, nicRate, priorities.segment),
  limitBytes: queueOf(wireBitsPerSecond).limit,
})

/** A reservation as it was found. */
export interface ObservedReservation {
  readonly identifier: number
  readonly classId: number
  /** Of its filter; 0: it has none. */
  readonly filter: number
  readonly options: HtbClass | undefined
  readonly limitBytes: number
}

const firstMinor = 0x100
/** How many classes there are for segments. */
export const candidates = 0xfe00

/** Class that a VNI takes if nobody else has it; the attempt-th of its choices. */
export const candidateClass = (identifier: number, attempt: number): number =>
  handle(major, firstMinor + ((identifier + attempt) % candidates))

const vniOffset = 32
const vniMask = 0xffff_ff00

export const addSegmentFilter = (index: number, identifier: number, classId: number): Request => {
  const key = { offset: vniOffset, mask: vniMask, value: (identifier << 8) >>> 0 }
  return addFilter(filterOf(index, u32Match([key], classId, u32Handle(1, identifier & 0xff))))
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

/** VNI that a filter of the table is for; undefined of any other filter. */
export const identifierOf = ({ handle: node, options }: Filter): number | undefined => {
  if (options.kind !== 'u32' || node >>> 20 !== table >>> 20 || options.divisor !== 0) return undefined
  const [key, ...more] = options.keys
  const isVni = key?.offset === vniOffset && key.mask === vniMask && more.length === 0
  return isVni ? key.value >>> 8 : undefined
}

/**
 * What a segment has at a NIC. Where its filter is gone its class is told by the place that it would have taken first, unless another
 * filter leads there.
 */
export const findReservation = (state: TrafficState, identifier: number): ObservedReservation | undefined => {
  const filter = state.segments.get(identifier)
  const first = candidateClass(identifier, 0)
  const stray = state.classes.has(first) && !state.filtered.has(first) ? first : undefined
  const classId = filter?.options.kind === 'u32' ? filter.options.classId : stray
  if (classId === undefined) return undefined
  const found = state.classes.get(classId)
  const queue = state.queues.get(classId)
  return {
    identifier,
    classId,
    filter: filter?.handle ?? 0,
    options: found?.options.kind === 'htb' ? found.options : undefined,
    limitBytes: queue?.options.kind === 'bfifo' ? queue.options.limit : 0,
  }
}

/** Why a reservation is not what it should be; undefined where it is. */
export const reservationDrift = (found: ObservedReservation | undefined, wanted: Reservation): string | undefined => {
  if (found === undefined) return 'is missing'
  if (found.filter === 0) return 'has no filter'
  if (found.options === undefined || !sameClass(found.options, wanted.options)) return 'differs'
  if (found.limitBytes !== wanted.limitBytes) return 'has another queue'
  return undefined
}
