/**
 * Something kept for each VNet of a book and added up over all of them. Each look counts anew only the VNets that were touched since the one
 * before, and of those the ones whose rows are others, by identity: rows never change.
 */
import type { ReservationRow, VNetRow } from './rows.ts'

/** A book, as far as it is followed. */
export interface Rows {
  readonly vnets: ReadonlyMap<string, VNetRow>
  readonly reservations: ReadonlyMap<string, ReservationRow>
  /** There is at most one. */
  reservationOf(vnet: string): ReservationRow | undefined
  onTouched(listener: (vnet: string) => void): void
}

export interface Followed<T> {
  /** Makes what is counted that of the rows as they are now. */
  readonly look: () => void
  /** Of one VNet at the last look; undefined: it has no row. */
  readonly of: (vnet: string) => T | undefined
}

export interface FollowOptions<T> {
  readonly make: (row: VNetRow | undefined, reservation: ReservationRow | undefined) => T
  /** Adds (1) or takes away (-1). */
  readonly count: (one: T, sign: 1 | -1) => void
}

interface Entry<T> {
  readonly row: VNetRow | undefined
  readonly reservation: ReservationRow | undefined
  readonly one: T
}

export const follow = <T>(rows: Rows, { make, count }: FollowOptions<T>): Followed<T> => {
  const entries = new Map<string, Entry<T>>()
  const touched = new Set([...rows.vnets.keys(), ...[...rows.reservations.values()].map(({ vnet }) => vnet)])
  rows.onTouched((vnet) => touched.add(vnet))

  const note = (vnet: string): void => {
    const [row, reservation] = [rows.vnets.get(vnet), rows.reservationOf(vnet)]
    const known = entries.get(vnet)
    if (known && known.row === row && known.reservation === reservation) return
    if (known) count(known.one, -1)
    entries.delete(vnet)
    if (!row && !reservation) return
    const one = make(row, reservation)
    count(one, 1)
    entries.set(vnet, { row, reservation, one })
  }

  return {
    look: () => {
      for (const vnet of touched) note(vnet)
      touched.clear()
    },
    of: (vnet) => entries.get(vnet)?.one,
  }
}
