/** The PIP's VNets, reservations and pools, and what it keeps of hosts that are gone: in memory to decide by, in the store first. One writer, so that both always agree. */
import type { Kind, Store, Transaction } from '../store/store.ts'
import { bootKind, type DeathRow, deathKind, type Tombstone, tombstoneKind } from './death/rows.ts'
import { type PoolRow, poolKind } from './pool/rows.ts'
import { generationKind, type ReservationRow, reservationKind, type VNetRow, vnetKind } from './rows.ts'

/** Rows to put or, where undefined, to delete; all in one transaction. */
export interface BookChange {
  readonly vnets?: ReadonlyMap<string, VNetRow | undefined>
  readonly reservations?: ReadonlyMap<string, ReservationRow | undefined>
  readonly pools?: ReadonlyMap<string, PoolRow | undefined>
  readonly deaths?: ReadonlyMap<string, DeathRow | undefined>
  readonly tombstones?: ReadonlyMap<string, Tombstone | undefined>
  readonly boots?: ReadonlyMap<string, string>
}

export interface Book {
  /** By name of the VNet. */
  readonly vnets: ReadonlyMap<string, VNetRow>
  /** By id of the reservation. */
  readonly reservations: ReadonlyMap<string, ReservationRow>
  /** By host and shape (rowKey). */
  readonly pools: ReadonlyMap<string, PoolRow>
  /** By host. */
  readonly deaths: ReadonlyMap<string, DeathRow>
  /** By host and VNet (tombstoneKey). */
  readonly tombstones: ReadonlyMap<string, Tombstone>
  /** By host, the boot in which it may run all that its slices say. */
  readonly boots: ReadonlyMap<string, string>
  /** There is at most one. */
  reservationOf(vnet: string): ReservationRow | undefined
  /** The VNet whose version came from the reservation. */
  committedBy(reservation: string): VNetRow | undefined
  /** The generation of the VNet's next version. */
  nextGeneration(vnet: string): number
  save(change: BookChange): Promise<void>
  /** Calls back with each VNet whose row or reservation was changed, before `save` settles. */
  onTouched(listener: (vnet: string) => void): void
}

/** Calls back after each change. */
export const watchedBook = (book: Book, onSaved: () => void): Book => ({
  ...book,
  save: async (change) => {
    await book.save(change)
    onSaved()
  },
})

const floorKey = 'floor'

type Rows<T> = ReadonlyMap<string, T | undefined>

const putAll = async <T>(transaction: Transaction, kind: Kind<T>, rows: Rows<T> = new Map()): Promise<void> => {
  for (const [key, row] of rows)
    await (row === undefined ? transaction.delete(kind, key) : transaction.put(kind, key, row))
}

const setAll = <T>(all: Map<string, T>, rows: Rows<T> = new Map()): void => {
  for (const [key, row] of rows) row === undefined ? all.delete(key) : all.set(key, row)
}

export const openBook = async (store: Store): Promise<Book> => {
  const loaded = await store.transaction(async (transaction) => ({
    vnets: await transaction.list(vnetKind),
    reservations: await transaction.list(reservationKind),
    pools: await transaction.list(poolKind),
    deaths: await transaction.list(deathKind),
    tombstones: await transaction.list(tombstoneKind),
    boots: await transaction.list(bootKind),
    floor: (await transaction.get(generationKind, floorKey)) ?? 0,
  }))
  const vnets = new Map(loaded.vnets)
  const reservations = new Map(loaded.reservations)
  const pools = new Map(loaded.pools)
  const deaths = new Map(loaded.deaths)
  const tombstones = new Map(loaded.tombstones)
  const boots = new Map(loaded.boots)
  let floor = loaded.floor
  const reserved = new Map([...reservations.values()].map(({ id, vnet }) => [vnet, id]))
  const committed = new Map([...vnets.values()].map(({ reservation, vnet }) => [reservation, vnet]))
  const listeners: ((vnet: string) => void)[] = []

  /** Of the rows that are about to be changed, and then of those that they became. */
  const index = ({ vnets: byName = new Map(), reservations: byId = new Map() }: BookChange): void => {
    for (const [vnet, row] of byName) {
      const before = vnets.get(vnet)
      if (before && committed.get(before.reservation) === vnet) committed.delete(before.reservation)
      if (row) committed.set(row.reservation, vnet)
    }
    for (const [id, row] of byId) {
      const before = reservations.get(id)
      if (before && reserved.get(before.vnet) === id) reserved.delete(before.vnet)
      if (row) reserved.set(row.vnet, id)
    }
  }

  const floorAfter = (change: BookChange): number => {
    const removed = [...(change.vnets ?? [])]
      .filter(([, row]) => !row)
      .map(([vnet]) => vnets.get(vnet)?.generation ?? 0)
    return Math.max(floor, ...removed)
  }

  return {
    vnets,
    reservations,
    pools,
    deaths,
    tombstones,
    boots,
    reservationOf: (vnet) => reservations.get(reserved.get(vnet) ?? ''),
    committedBy: (reservation) => vnets.get(committed.get(reservation) ?? ''),
    nextGeneration: (vnet) => (vnets.get(vnet)?.generation ?? floor) + 1,
    save: async (change) => {
      const nextFloor = floorAfter(change)
      await store.transaction(async (transaction) => {
        await putAll(transaction, vnetKind, change.vnets)
        await putAll(transaction, reservationKind, change.reservations)
        await putAll(transaction, poolKind, change.pools)
        await putAll(transaction, deathKind, change.deaths)
        await putAll(transaction, tombstoneKind, change.tombstones)
        await putAll(transaction, bootKind, change.boots)
        if (nextFloor !== floor) await transaction.put(generationKind, floorKey, nextFloor)
      })
      floor = nextFloor
      const touched = new Set(change.vnets?.keys())
      for (const [id, row] of change.reservations ?? []) {
        for (const one of [reservations.get(id), row]) if (one) touched.add(one.vnet)
      }
      index(change)
      setAll(vnets, change.vnets)
      setAll(reservations, change.reservations)
      setAll(pools, change.pools)
      setAll(deaths, change.deaths)
      setAll(tombstones, change.tombstones)
      setAll(boots, change.boots)
      for (const listener of listeners) for (const vnet of touched) listener(vnet)
    },
    onTouched: (listener) => {
      listeners.push(listener)
    },
  }
}
