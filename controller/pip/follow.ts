/**
 * Something kept for each VNet of a book and added up over all of them. There is no message that could be missed: each look finds the rows
 * that are others than at the look before, by identity (rows never change), and counts only those anew.
 */
import type { ReservationRow, VNetRow } from './rows.ts'

export interface Rows {
  readonly vnets: ReadonlyMap<string, VNetRow>
  readonly reservations: ReadonlyMap<string, ReservationRow>
}

export interface Followed<T> {
  /** Makes what is counted that of the rows as they are now. */
  readonly look: () => void
  /** Of one VNet at the last look; undefined: it has no row. */
  readonly of: (vnet: string) => T | undefined
}

export interface FollowOptions<T> {
  /** There is at most one reservation of a VNet. */
  readonly make: (row: VNetRow | undefined, reservation: ReservationRow | undefined) => T
  /** Adds (1) or takes away (-1). */
  readonly count: (one: T, sign: 1 | -1) => void
}

interface Entry<T> {
  readonly row: VNetRow | undefined
  readonly reservation: ReservationRow | undefined
  readonly one: T
  /** The last look that saw it. */
  seen: number
}

export const follow = <T>({ vnets, reservations }: Rows, { make, count }: FollowOptions<T>): Followed<T> => {
  const entries = new Map<string, Entry<T>>()
  let looks = 0

  const note = (vnet: string, row: VNetRow | undefined, reservation: ReservationRow | undefined): void => {
    const known = entries.get(vnet)
    if (known?.row === row && known?.reservation === reservation && known) {
      known.seen = looks
      return
    }
    if (known) count(known.one, -1)
    const one = make(row, reservation)
    count(one, 1)
    entries.set(vnet, { row, reservation, one, seen: looks })
  }

  return {
    look: () => {
      looks++
      const reserved = new Map([...reservations.values()].map((row) => [row.vnet, row]))
      for (const [vnet, row] of vnets) note(vnet, row, reserved.get(vnet))
      for (const [vnet, row] of reserved) if (!vnets.has(vnet)) note(vnet, undefined, row)
      for (const [vnet, { one, seen }] of entries) {
        if (seen === looks) continue
        count(one, -1)
        entries.delete(vnet)
      }
    },
    of: (vnet) => entries.get(vnet)?.one,
  }
}
