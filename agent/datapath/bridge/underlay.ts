/**
 * Queueing at an underlay NIC (`tc qdisc|class|filter show dev NIC`):
 *
 *     7766: htb                                   the handle says that it is ours
 *       7766:1  rate = ceil = the NIC's
 *         7766:2  management: whatever no filter places, what is left of the NIC included; borrows before all others
 *         7766:3  best effort: tunnels without a rate
 *         7766:X  one for each segment with a rate: guaranteed in bytes of the wire, may borrow up to the NIC's
 *
 * A tunnel's packets are found by their VNI: one filter tells them from all else and leads into a hash table over the VNI's low
 * byte, so that a packet meets 1/256 of the filters. Offsets count from the outer IP header, which never has options here:
 *
 *     9 protocol (17 UDP) | 22 destination port (4789) | 32 VNI (24 bits) and a zero byte
 */

import { isDeepStrictEqual } from 'node:util'
import type { Request } from '../../netlink/socket/request.ts'
import type { TrafficClass } from '../../netlink/traffic/class.ts'
import { addClass, replaceClass } from '../../netlink/traffic/class.ts'
import { addFilter, type Filter, type NewFilter, protocol } from '../../netlink/traffic/filter.ts'
import { handle, majorOf, minorOf, parent } from '../../netlink/traffic/handle.ts'
import type { HtbClass } from '../../netlink/traffic/htb.ts'
import { addQdisc, type Qdisc, type QdiscOptions, replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { type U32, type U32Key, u32Handle, u32Link, u32Match, u32Table } from '../../netlink/traffic/u32.ts'
import { vxlanPort } from './ports.ts'
import { classOf, queueOf, sameClass } from './rates.ts'

/** 'wf'. */
const major = 0x7766
export const rootHandle = handle(major)
const inner = handle(major, 1)
export const managementClass = handle(major, 2)
export const bestEffortClass = handle(major, 3)

/** Shares of the NIC that are guaranteed to management and to best effort, whatever tenants were promised. */
const managementShare = 0.05
const bestEffortShare = 0.01
export const priorities = { management: 0, segment: 3, bestEffort: 7 } as const

/** Filters of ours: one priority, one table. */
export const filterPriority = 1
const table = u32Handle(1)

/** What is there of it on one NIC. */
export interface UnderlayState {
  readonly qdiscs: readonly Qdisc[]
  readonly classes: readonly TrafficClass[]
  readonly filters: readonly Filter[]
}

/** A part that every underlay NIC has, in the order in which they are made. */
interface Piece {
  readonly name: string
  readonly isThere: (state: UnderlayState) => boolean
  readonly request: (index: number) => Request
}

const at = (index: number) => ({ index, parent: rootHandle })

const filterOf = (index: number, options: U32, node = 0): NewFilter => ({
  place: at(index),
  handle: node,
  priority: filterPriority,
  protocol: protocol.ipv4,
  options,
})

const tunnelKeys: readonly U32Key[] = [
  { offset: 8, mask: 0x00ff_0000, value: 17 << 16 },
  { offset: 20, mask: 0x0000_ffff, value: vxlanPort },
]

const linkFilter = u32Link(tunnelKeys, table, { offset: 32, mask: 0x0000_ff00 })
const bestEffortFilter = u32Match(tunnelKeys, bestEffortClass)

const classPiece = (name: string, classId: number, of: number, options: HtbClass): Piece => ({
  name,
  isThere: ({ classes }) => classes.some((found) => found.classId === classId && isClass(found, options)),
  request: (index) => replaceClass({ index, classId, parent: of, options }),
})

const queuePiece = (name: string, classId: number, options: Exclude<QdiscOptions, { kind: 'other' }>): Piece => ({
  name,
  isThere: ({ qdiscs }) => qdiscs.some((qdisc) => qdisc.parent === classId && sameFifo(qdisc.options, options)),
  request: (index) => replaceQdisc({ index, parent: classId, options }),
})

const filterPiece = (name: string, node: number, options: U32): Piece => ({
  name,
  isThere: ({ filters }) => filters.some((filter) => filter.handle === node && sameU32(filter.options, options)),
  request: (index) => addFilter(filterOf(index, options, node)),
})

/** The parts of a NIC of this rate. Making one that is there already is harmless, or answered with EEXIST. */
export const pieces = (nicRate: number): readonly Piece[] => [
  {
    name: 'root',
    isThere: ({ qdiscs }) => qdiscs.some((qdisc) => qdisc.parent === parent.root && qdisc.handle === rootHandle),
    request: (index) =>
      addQdisc({
        index,
        handle: rootHandle,
        parent: parent.root,
        options: { kind: 'htb', defaultClass: minorOf(managementClass) },
      }),
  },
  classPiece('rate', inner, rootHandle, classOf(nicRate, nicRate, 0)),
  classPiece('management', managementClass, inner, classOf(nicRate * managementShare, nicRate, priorities.management)),
  classPiece('best effort', bestEffortClass, inner, classOf(nicRate * bestEffortShare, nicRate, priorities.bestEffort)),
  queuePiece('management queue', managementClass, { kind: 'pfifo', limit: 1000 }),
  queuePiece('best effort queue', bestEffortClass, queueOf(nicRate)),
  filterPiece('table', table, u32Table(256)),
  filterPiece('tunnels', u32Handle(0x800, 0, 0x800), linkFilter),
  filterPiece('tunnels without a rate', u32Handle(0x800, 0, 0x801), bestEffortFilter),
]

/** What a segment is promised at the NIC, as one class. */
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
const minors = 0xfe00

/** Class that a VNI takes if nobody else has it; the attempt-th of its choices. */
export const candidateClass = (identifier: number, attempt: number): number =>
  handle(major, firstMinor + ((identifier + attempt) % minors))

export const candidates = minors

export const segmentFilter = (index: number, identifier: number, classId: number): NewFilter =>
  filterOf(
    index,
    u32Match(
      [{ offset: 32, mask: 0xffff_ff00, value: (identifier << 8) >>> 0 }],
      classId,
      u32Handle(1, identifier & 0xff),
    ),
  )

export const segmentClass = (index: number, classId: number, options: HtbClass) => ({
  index,
  classId,
  parent: inner,
  options,
})

export const addSegmentClass = (index: number, classId: number, options: HtbClass): Request =>
  addClass(segmentClass(index, classId, options))

export const replaceSegmentClass = (index: number, classId: number, options: HtbClass): Request =>
  replaceClass(segmentClass(index, classId, options))

export const replaceSegmentQueue = (index: number, classId: number, limit: number): Request =>
  replaceQdisc({ index, parent: classId, options: { kind: 'bfifo', limit } })

/** VNI that a filter of the table is for. */
const identifierOf = ({ handle: node, options }: Filter): number | undefined => {
  if (options.kind !== 'u32' || node >>> 20 !== table >>> 20 || options.divisor !== 0) return undefined
  const [key, ...more] = options.keys
  const isVni = key?.offset === 32 && key.mask === 0xffff_ff00 && more.length === 0
  return isVni ? key.value >>> 8 : undefined
}

/**
 * What a segment has at a NIC. Where its filter is gone its class is told by the place that it would have taken first, unless another
 * filter leads there.
 */
export const findReservation = (state: UnderlayState, identifier: number): ObservedReservation | undefined => {
  const filter = state.filters.find((candidate) => identifierOf(candidate) === identifier)
  const classId =
    filter?.options.kind === 'u32' ? filter.options.classId : strayClass(state, candidateClass(identifier, 0))
  if (classId === undefined) return undefined
  const found = state.classes.find((candidate) => candidate.classId === classId)
  if (filter === undefined && found === undefined) return undefined
  const queue = state.qdiscs.find((qdisc) => qdisc.parent === classId)
  return {
    identifier,
    classId,
    filter: filter?.handle ?? 0,
    options: found?.options.kind === 'htb' ? found.options : undefined,
    limitBytes: queue?.options.kind === 'bfifo' ? queue.options.limit : 0,
  }
}

const strayClass = ({ filters }: UnderlayState, classId: number): number | undefined =>
  filters.some(({ options }) => options.kind === 'u32' && options.classId === classId) ? undefined : classId

/** Why a reservation is not what it should be; undefined where it is. */
export const reservationDrift = (found: ObservedReservation | undefined, wanted: Reservation): string | undefined => {
  if (found === undefined) return 'is missing'
  if (found.filter === 0) return 'has no filter'
  if (found.options === undefined || !sameClass(found.options, wanted.options)) return 'differs'
  if (found.limitBytes !== wanted.limitBytes) return 'has another queue'
  return undefined
}

/** A root discipline that somebody chose, and not we: one without a handle is the kernel's own choice. */
export const isForeignRoot = (qdiscs: readonly Qdisc[]): boolean =>
  qdiscs.some((qdisc) => qdisc.parent === parent.root && majorOf(qdisc.handle) !== 0 && qdisc.handle !== rootHandle)

const isClass = (found: TrafficClass, options: HtbClass): boolean =>
  found.options.kind === 'htb' && sameClass(found.options, options)

const sameFifo = (a: QdiscOptions, b: QdiscOptions): boolean =>
  a.kind === b.kind && 'limit' in a && 'limit' in b && a.limit === b.limit

/** What the kernel tells of a filter, without what it adds (the table that it hangs in). */
const sameU32 = (a: Filter['options'], b: U32): boolean =>
  a.kind === 'u32' &&
  a.classId === b.classId &&
  a.link === b.link &&
  a.divisor === b.divisor &&
  isDeepStrictEqual([a.keys, a.hash], [b.keys, b.hash])
