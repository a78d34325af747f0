/** The PIP's VNets, reservations and pools: in memory to decide by, in the store first. One writer, so that both always agree. */
import type { Store } from '../store/store.ts'
import { type PoolRow, poolKind } from './pool/rows.ts'
import { generationKind, type ReservationRow, reservationKind, type VNetRow, vnetKind } from './rows.ts'

/** Rows to put or, where undefined, to delete; all in one transaction. */
export interface BookChange {
  readonly vnets?: ReadonlyMap<string, VNetRow | undefined>
  readonly reservations?: ReadonlyMap<string, ReservationRow | undefined>
  readonly pools?: ReadonlyMap<string, PoolRow | undefined>
}

export interface Book {
  /** By name of the VNet. */
  readonly vnets: ReadonlyMap<string, VNetRow>
  /** By id of the reservation. */
  readonly reservations: ReadonlyMap<string, ReservationRow>
  /** By host and shape (rowKey). */
  readonly pools: ReadonlyMap<string, PoolRow>
  /** There is at most one. */
  reservationOf(vnet: string): ReservationRow | undefined
  /** The generation of the VNet's next version. */
  nextGeneration(vnet: string): number
  save(change: BookChange): Promise<void>
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

export const openBook = async (store: Store): Promise<Book> => {
  const loaded = await store.transaction(async (transaction) => ({
    vnets: await transaction.list(vnetKind),
    reservations: await transaction.list(reservationKind),
    pools: await transaction.list(poolKind),
    floor: (await transaction.get(generationKind, floorKey)) ?? 0,
  }))
  const vnets = new Map(loaded.vnets)
  const reservations = new Map(loaded.reservations)
  const pools = new Map(loaded.pools)
  let floor = loaded.floor

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
    reservationOf: (vnet) => [...reservations.values()].find((row) => row.vnet === vnet),
    nextGeneration: (vnet) => (vnets.get(vnet)?.generation ?? floor) + 1,
    save: async (change) => {
      const nextFloor = floorAfter(change)
      await store.transaction(async (transaction) => {
        for (const [vnet, row] of change.vnets ?? []) {
          await (row ? transaction.put(vnetKind, vnet, row) : transaction.delete(vnetKind, vnet))
        }
        for (const [id, row] of change.reservations ?? []) {
          await (row ? transaction.put(reservationKind, id, row) : transaction.delete(reservationKind, id))
        }
        for (const [key, row] of change.pools ?? []) {
          await (row ? transaction.put(poolKind, key, row) : transaction.delete(poolKind, key))
        }
        if (nextFloor !== floor) await transaction.put(generationKind, floorKey, nextFloor)
      })
      floor = nextFloor
      for (const [vnet, row] of change.vnets ?? []) row ? vnets.set(vnet, row) : vnets.delete(vnet)
      for (const [id, row] of change.reservations ?? []) row ? reservations.set(id, row) : reservations.delete(id)
      for (const [key, row] of change.pools ?? []) row ? pools.set(key, row) : pools.delete(key)
    },
  }
}
