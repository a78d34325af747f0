/**
 * Queueing at an underlay NIC (`tc qdisc|class|filter show dev NIC`), which every segment that leaves by it shares, whatever makes it. It is one of two:
 *
 * Bands, as long as all segments there are best effort and say so themselves. Management leaves first, and a packet that nothing waits before pays next to nothing.
 * A NIC that has no queue needs none:
 *
 *     7767: pfifo_fast                            what says the class of best effort, 7766:3, is in the last band, all else before it
 *
 * Classes, where a segment is guaranteed a rate, where packets do not say their class (plan.ts), or where the NIC is to be kept to the rate that is
 * configured for it. htb costs a packet some 150 ns:
 *
 *     7766: htb                                   the handle says that it is ours
 *       7766:1  rate = ceil = the NIC's
 *         7766:2  management: whatever is in no other class, what is left of the NIC included; borrows before all others
 *         7766:3  best effort: segments without a rate
 *         7766:X  one for each segment with a rate: guaranteed in bytes of the wire, may borrow up to the NIC's
 *
 * flow.ts says how packets find their class, reservation.ts which class a segment has.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Request } from '../../netlink/socket/request.ts'
import type { TrafficClass } from '../../netlink/traffic/class.ts'
import { replaceClass } from '../../netlink/traffic/class.ts'
import { addFilter, type Filter, type NewFilter, protocol } from '../../netlink/traffic/filter.ts'
import { handle, minorOf, parent } from '../../netlink/traffic/handle.ts'
import type { HtbClass } from '../../netlink/traffic/htb.ts'
import { addQdisc, type NewQdisc, type QdiscOptions, replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { type U32, u32Handle, u32Link, u32Match, u32Table } from '../../netlink/traffic/u32.ts'
import { classOf, queueOf, sameClass } from '../rates.ts'
import { type Telling, tellings } from './flow.ts'
import type { TrafficState } from './traffic-state.ts'

/** 'wf'. */
export const major = 0x7766
export const rootHandle = handle(major)
export const innerClass = handle(major, 1)
export const managementClass = handle(major, 2)
export const bestEffortClass = handle(major, 3)

/** Shares of the NIC that are guaranteed to management and to best effort, whatever tenants were promised. */
const managementShare = 0.05
const bestEffortShare = 0.01
export const priorities = { management: 0, segment: 3, bestEffort: 7 } as const

/** 'wg'. */
export const bandsHandle = handle(0x7767)

export const isOurRoot = (root: number): boolean => root === rootHandle || root === bandsHandle

export type Layout = 'bands' | 'classes'

/** Filters of ours have one priority. */
export const filterPriority = 1

/** A part that every underlay NIC has, in the order in which they are made. */
interface Piece {
  readonly name: string
  readonly isThere: (state: TrafficState) => boolean
  readonly request: (index: number) => Request
}

const at = (index: number) => ({ index, parent: rootHandle })

export const filterOf = (index: number, options: U32, node = 0): NewFilter => ({
  place: at(index),
  handle: node,
  priority: filterPriority,
  protocol: protocol.ipv4,
  options,
})

const classPiece = (name: string, classId: number, of: number, options: HtbClass): Piece => ({
  name,
  isThere: ({ classes }) => isClass(classes.get(classId), options),
  request: (index) => replaceClass({ index, classId, parent: of, options }),
})

const queuePiece = (name: string, classId: number, options: Exclude<QdiscOptions, { kind: 'other' }>): Piece => ({
  name,
  isThere: ({ queues }) => sameFifo(queues.get(classId)?.options, options),
  request: (index) => replaceQdisc({ index, parent: classId, options }),
})

/** Table 800 is the root: what is to be asked first has the lower number. */
const rootFilter = (order: number): number => u32Handle(0x800, 0, 0x800 + order)

/** A technology's table, the filter that leads there, and the one behind it that takes what no segment's filter took. */
const filterPieces = ([technology, telling]: readonly [string, Telling]): readonly Piece[] => {
  const { table, common, hash } = telling
  const order = 2 * (table - 1)
  return [
    filterPiece(`table of ${technology}`, u32Handle(table), u32Table(256)),
    filterPiece(technology, rootFilter(order), u32Link(common, u32Handle(table), hash)),
    filterPiece(`${technology} without a rate`, rootFilter(order + 1), u32Match(common, bestEffortClass)),
  ]
}

const filterPiece = (name: string, node: number, options: U32): Piece => ({
  name,
  isThere: ({ filters }) => sameU32(filters.get(node)?.options, options),
  request: (index) => addFilter(filterOf(index, options, node)),
})

/** Root discipline of classes; what waits in the one before is lost, and what is sent while the kernel exchanges them, a fraction of a millisecond. */
const classesRoot = (index: number): NewQdisc => ({
  index,
  handle: rootHandle,
  parent: parent.root,
  options: { kind: 'htb', defaultClass: minorOf(managementClass) },
})

/** In place of bands. */
export const replaceRoot = (index: number): Request => replaceQdisc(classesRoot(index))

export const rootPiece = 'root'

/** What bands consist of. They give way to classes, never the other way: EEXIST says that those are there already. */
export const bands: readonly Piece[] = [
  {
    name: 'bands',
    isThere: (state) => state.root?.handle === bandsHandle,
    request: (index) => addQdisc({ index, handle: bandsHandle, parent: parent.root, options: { kind: 'pfifo_fast' } }),
  },
]

/** What the classes of a NIC of this rate consist of. Making a part that is there already is harmless, or answered with EEXIST. */
export const pieces = (nicRate: number): readonly Piece[] => [
  {
    name: rootPiece,
    isThere: (state) => state.root?.handle === rootHandle,
    request: (index) => addQdisc(classesRoot(index)),
  },
  classPiece('rate', innerClass, rootHandle, classOf(nicRate, nicRate, 0)),
  classPiece(
    'management',
    managementClass,
    innerClass,
    classOf(nicRate * managementShare, nicRate, priorities.management),
  ),
  classPiece(
    'best effort',
    bestEffortClass,
    innerClass,
    classOf(nicRate * bestEffortShare, nicRate, priorities.bestEffort),
  ),
  queuePiece('management queue', managementClass, { kind: 'pfifo', limit: 1000 }),
  queuePiece('best effort queue', bestEffortClass, queueOf(nicRate)),
  ...Object.entries(tellings).flatMap(filterPieces),
]

/** A root discipline that somebody chose, and not we. */
export const isForeignRoot = (state: TrafficState | undefined): boolean =>
  state?.root !== undefined && !isOurRoot(state.root.handle)

const isClass = (found: TrafficClass | undefined, options: HtbClass): boolean =>
  found?.options.kind === 'htb' && sameClass(found.options, options)

const sameFifo = (a: QdiscOptions | undefined, b: QdiscOptions): boolean =>
  a?.kind === b.kind && 'limit' in a && 'limit' in b && a.limit === b.limit

/** What the kernel tells of a filter, without what it adds (the table that it hangs in). */
const sameU32 = (a: Filter['options'] | undefined, b: U32): boolean =>
  a?.kind === 'u32' &&
  a.classId === b.classId &&
  a.link === b.link &&
  a.divisor === b.divisor &&
  isDeepStrictEqual([a.keys, a.hash], [b.keys, b.hash])
