/** What is done at an underlay NIC: values that say what shall be and what was. Steps of both drivers hold them. */
import type { Flow } from './flow.ts'
import type { Layout } from './pieces.ts'
import type { ObservedReservation, Reservation } from './reservation.ts'

export type UnderlayOperation =
  /** Queueing that all segments of an underlay NIC share, of which the pieces named are missing. */
  | {
      readonly op: 'underlay'
      readonly nic: string
      readonly layout: Layout
      readonly rateBitsPerSecond: number
      readonly missing: readonly string[]
    }
  /** What a segment is guaranteed at its NIC; undefined: nothing. */
  | {
      readonly op: 'reserve'
      readonly nic: string
      readonly flow: Flow
      /** Class that it shall have, where its packets are to say it themselves; else the first that is free. */
      readonly classId: number | undefined
      readonly to: Reservation | undefined
      readonly from: ObservedReservation | undefined
    }
  /** Removes the queueing of a NIC that nothing uses any more. */
  | { readonly op: 'tidy'; readonly nic: string }

export const isUnderlay = (operation: { readonly op: string }): operation is UnderlayOperation =>
  operation.op === 'underlay' || operation.op === 'reserve' || operation.op === 'tidy'

/** What undoes an operation; undefined where nothing does or should. */
export const inverseAtNic = (operation: UnderlayOperation): UnderlayOperation | undefined => {
  switch (operation.op) {
    case 'underlay':
      return { op: 'tidy', nic: operation.nic }
    case 'reserve': {
      const { from } = operation
      const before = from?.options && { options: from.options, limitBytes: from.limitBytes }
      return { ...operation, to: before }
    }
    case 'tidy':
      return undefined
  }
}
