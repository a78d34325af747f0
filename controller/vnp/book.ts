/** The VNP's VNets, the requests that wait for room, and the reservations that it has to give back: in memory to decide by, in the store first. */
import type { Store } from '../store/store.ts'
import { type QueuedRow, queuedKind, type ReleaseRow, releaseKind, type VNetRow, vnetKind } from './rows.ts'

/** Rows to put or, where undefined, to delete; all in one transaction. */
export interface BookChange {
  readonly queued?: ReadonlyMap<string, QueuedRow | undefined>
  readonly vnets?: ReadonlyMap<string, VNetRow | undefined>
  readonly releases?: ReadonlyMap<string, ReleaseRow | undefined>
}

export interface Book {
  readonly vnets: ReadonlyMap<string, VNetRow>
  /** By the key that the VNet will have; what was decided on waits no more, in the same transaction. */
  readonly queued: ReadonlyMap<string, QueuedRow>
  /** By id of the reservation. */
  readonly releases: ReadonlyMap<string, ReleaseRow>
  save(change: BookChange): Promise<void>
}

export const openBook = async (store: Store): Promise<Book> => {
  const loaded = await store.transaction(async (transaction) => ({
    vnets: await transaction.list(vnetKind),
    queued: await transaction.list(queuedKind),
    releases: await transaction.list(releaseKind),
  }))
  const vnets = new Map(loaded.vnets)
  const queued = new Map(loaded.queued)
  const releases = new Map(loaded.releases)

  /** With the rows of the queue that the decisions of the change end. */
  const queuedAfter = (change: BookChange): ReadonlyMap<string, QueuedRow | undefined> => {
    const decided = [...(change.vnets ?? [])].filter(([key, row]) => row && queued.has(key))
    return new Map([...(change.queued ?? []), ...decided.map(([key]) => [key, undefined] as const)])
  }
  return {
    vnets,
    queued,
    releases,
    save: async (change) => {
      const queue = queuedAfter(change)
      await store.transaction(async (transaction) => {
        for (const [key, row] of change.vnets ?? []) {
          await (row ? transaction.put(vnetKind, key, row) : transaction.delete(vnetKind, key))
        }
        for (const [key, row] of queue) {
          await (row ? transaction.put(queuedKind, key, row) : transaction.delete(queuedKind, key))
        }
        for (const [id, row] of change.releases ?? []) {
          await (row ? transaction.put(releaseKind, id, row) : transaction.delete(releaseKind, id))
        }
      })
      for (const [key, row] of change.vnets ?? []) row ? vnets.set(key, row) : vnets.delete(key)
      for (const [key, row] of queue) row ? queued.set(key, row) : queued.delete(key)
      for (const [id, row] of change.releases ?? []) row ? releases.set(id, row) : releases.delete(id)
    },
  }
}
