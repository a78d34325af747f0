/** Pure: what a segment needs at the NIC that it leaves by, as operations that either driver puts into its steps. */

import { wireRate } from '../rates.ts'
import type { Flow } from './flow.ts'
import { describeFlow, isFiltered } from './flow.ts'
import type { UnderlayOperation } from './operation.ts'
import { bands, bestEffortClass, type Layout, pieces, rootHandle } from './pieces.ts'
import { findReservation, reservationDrift, reservationOf, saidClass } from './reservation.ts'
import { noTraffic, type TrafficState } from './traffic-state.ts'

/** A segment at its NIC. */
export interface SegmentAtNic {
  /** Its name. */
  readonly nic: string
  /** undefined where nobody knows. */
  readonly nicRate: NicRate | undefined
  readonly state: TrafficState | undefined
  readonly flow: Flow
  /** Of the guest's frames; 0: best effort. */
  readonly rateBitsPerSecond: number
  readonly mtu: number
  readonly overheadBytes: number
  /** Class that the segment's device or router has its packets say now; undefined: none. */
  readonly toldClass?: number | undefined
  /** Whether who makes the packets has those of best effort say so; of technologies that filters do not find all do. */
  readonly saysBestEffort: boolean
  /**
   * Whether anything can wait at the NIC: at one that has no queue (tc-noqueue(8): a veth, a bond, a VLAN) nothing ever does, and what only orders those that wait
   * would be in vain.
   */
  readonly hasQueue: boolean
}

export interface NicRate {
  readonly bitsPerSecond: number
  /**
   * Whether the agent's configuration states it: then the NIC itself does not keep to it, as one does whose driver tells its speed, and what is sent
   * beyond would wait, or be lost, where nobody puts management first.
   */
  readonly isConfigured: boolean
}

export interface SegmentPlan {
  /** Before packets of the segment leave. */
  readonly before: readonly UnderlayOperation[]
  /** Once none leaves any more as it did. */
  readonly after: readonly UnderlayOperation[]
  readonly reasons: readonly string[]
  /** Class (handle.ts) that packets have to say in their priority; undefined: filters find them. */
  readonly saidClass: number | undefined
}

/** Of a NIC that tells no speed and is given none in the agent's configuration. */
export const defaultNicRate = 10e9

export const planAtNic = (segment: SegmentAtNic): SegmentPlan => {
  const { nic, flow, rateBitsPerSecond, mtu, overheadBytes, toldClass, state = noTraffic } = segment
  const nicRate = segment.nicRate?.bitsPerSecond ?? defaultNicRate
  const before: UnderlayOperation[] = []
  const after: UnderlayOperation[] = []
  const reasons: string[] = []
  const layout = layoutFor(segment)
  const wanted = layout === 'classes' ? pieces(nicRate) : segment.hasQueue ? bands : []
  const missing = wanted.filter(({ isThere }) => !isThere(state))
  if (missing.length > 0) {
    const names = missing.map((piece) => piece.name)
    before.push({ op: 'underlay', nic, layout, rateBitsPerSecond: nicRate, missing: names })
    reasons.push(`${nic} lacks queueing: ${names.join(', ')}`)
  }
  const from = findReservation(state, flow, toldClass)
  const classId = saidClass(flow, state, toldClass)
  if (rateBitsPerSecond === 0) {
    if (from !== undefined) {
      after.push({ op: 'reserve', nic, flow, classId: from.classId, to: undefined, from })
      reasons.push(`${describeFlow(flow)} is guaranteed a rate at ${nic} and shall have none`)
    }
    return { before, after, reasons, saidClass: saysIt(segment) ? bestEffortClass : undefined }
  }
  const to = reservationOf(wireRate(rateBitsPerSecond, mtu, overheadBytes), nicRate)
  const drift = reservationDrift(flow, from, to)
  if (drift !== undefined) {
    before.push({ op: 'reserve', nic, flow, classId, to, from })
    reasons.push(`the guarantee of ${describeFlow(flow)} at ${nic} ${drift}`)
  }
  return { before, after, reasons, saidClass: classId }
}

const saysIt = ({ flow, saysBestEffort }: SegmentAtNic): boolean => saysBestEffort || !isFiltered(flow.technology)

/** Classes that are there stay as long as anything uses the NIC: to exchange its root discipline loses packets. */
const layoutFor = (segment: SegmentAtNic): Layout => {
  const { state, nicRate, rateBitsPerSecond } = segment
  const needsClasses = rateBitsPerSecond > 0 || nicRate?.isConfigured === true || !saysIt(segment)
  return needsClasses || state?.root?.handle === rootHandle ? 'classes' : 'bands'
}

/** What a segment had at a NIC that it leaves no more by, and the NIC's queueing, if it was the last one there. */
export const leaveNic = (
  nic: string,
  flow: Flow,
  state: TrafficState | undefined,
  toldClass?: number,
): readonly UnderlayOperation[] => {
  const from = state && findReservation(state, flow, toldClass)
  return [
    ...(from === undefined ? [] : [{ op: 'reserve', nic, flow, classId: from.classId, to: undefined, from } as const]),
    { op: 'tidy', nic },
  ]
}
