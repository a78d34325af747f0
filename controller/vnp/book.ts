/** The VNP's VNets and the reservations that it has to give back: in memory to decide by, in the store first. */
import type { Store } from '../store/store.ts'
import { type ReleaseRow, releaseKind, type VNetRow, vnetKind } from './rows.ts'

/** Rows to put or, where undefined, to delete; all in one transaction. */
export interface BookChange {
  readonly vnets?: ReadonlyMap<string, VNetRow | undefined>
  readonly releases?: ReadonlyMap<string, ReleaseRow | undefined>
}

export interface Book {
  readonly vnets: ReadonlyMap<string, VNetRow>
  /** By id of the reservation. */
  readonly releases: ReadonlyMap<string, ReleaseRow>
  save(change: BookChange): Promise<void>
}

export const openBook = async (store: Store): Promise<Book> => {
  const loaded = await store.transaction(async (transaction) => ({
    vnets: await transaction.list(vnetKind),
    releases: await transaction.list(releaseKind),
  }))
  const vnets = new Map(loaded.vnets)
  const releases = new Map(loaded.releases)
  return {
    vnets,
    releases,
    save: async (change) => {
      await store.transaction(async (transaction) => {
        for (const [key, row] of change.vnets ?? []) {
          await (row ? transaction.put(vnetKind, key, row) : transaction.delete(vnetKind, key))
        }
        for (const [id, row] of change.releases ?? []) {
          await (row ? transaction.put(releaseKind, id, row) : transaction.delete(releaseKind, id))
        }
      })
      for (const [key, row] of change.vnets ?? []) row ? vnets.set(key, row) : vnets.delete(key)
      for (const [id, row] of change.releases ?? []) row ? releases.set(id, row) : releases.delete(id)
    },
  }
}
