/** The VNO's VNets: in memory to answer from, in the store to know them after a restart while the VNP is away. */
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import type { Store } from '../store/store.ts'
import { type VNetRow, vnetKind } from './rows.ts'

export interface Shelf {
  readonly rows: ReadonlyMap<string, VNetRow>
  /** Keeps it; in the store once settled. */
  put(vnet: string, row: VNetRow): Promise<void>
  /** Keeps the last state; in the store soon. */
  putState(state: VNetState): void
  delete(vnet: string): Promise<void>
  /** Settles once all is stored. */
  close(): Promise<void>
}

const saveDelayMs = 200

export const openShelf = async (store: Store, clock: Clock, onError: (error: unknown) => void): Promise<Shelf> => {
  const rows = new Map(await store.transaction((transaction) => transaction.list(vnetKind)))

  const save = (vnet: string): Promise<void> =>
    store.transaction(async (transaction) => {
      const row = rows.get(vnet)
      await (row ? transaction.put(vnetKind, vnet, row) : transaction.delete(vnetKind, vnet))
    })
  const unsaved = new Set<string>()
  const saveNow = (vnet: string): Promise<void> => {
    unsaved.delete(vnet)
    return save(vnet).catch(onError)
  }
  const coalescer = createCoalescer(clock, saveDelayMs, (vnet) => void saveNow(vnet))

  return {
    rows,
    put: (vnet, row) => {
      rows.set(vnet, row)
      return save(vnet)
    },
    putState: (state) => {
      rows.set(state.vnet, { request: rows.get(state.vnet)?.request, state })
      unsaved.add(state.vnet)
      coalescer.touch(state.vnet)
    },
    delete: (vnet) => {
      rows.delete(vnet)
      return save(vnet)
    },
    close: async () => {
      coalescer.close()
      await Promise.all([...unsaved].map(saveNow))
    },
  }
}
