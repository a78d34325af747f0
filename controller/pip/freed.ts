/** Tells VNPs that something is free that was not, so that they ask again for what waits: soon, and once for a burst. */
import { create } from '../../proto/codec.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import type { Book, BookChange } from './book.ts'

export interface Freed {
  tell(): void
  close(): void
}

export interface FreedOptions {
  readonly session: Session
  readonly domain: string
  readonly clock: Clock
  readonly onError: (topic: string, error: unknown) => void
}

const delayMs = 50

export const createFreed = ({ session, domain, clock, onError }: FreedOptions): Freed => {
  const topic = topics.freed(domain)
  const { touch, close } = createCoalescer(clock, delayMs, () => {
    // Without a connection nobody needs to be told: who comes back asks by himself.
    if (!session.connected) return
    session.publish(topic, 'Freed', create('Freed'), { qos: 1 }).catch((error: unknown) => onError(topic, error))
  })
  return { tell: () => touch(topic), close }
}

/** Whether others may have something after the change that they could not have before. */
export const givesBack = (book: Pick<Book, 'vnets' | 'reservations'>, change: BookChange): boolean => {
  const { vnets = new Map(), reservations = new Map() } = change
  for (const [vnet, row] of vnets) {
    const before = book.vnets.get(vnet)
    if (before && (!row || (before.held && !row.held))) return true
  }
  for (const [id, row] of reservations) {
    const before = book.reservations.get(id)
    // A commit turns a reservation into a version that takes the same.
    if (before && !row && !vnets.get(before.vnet)) return true
  }
  return false
}

/** Calls back after a change that gives something back. */
export const freeingBook = (book: Book, onFreed: () => void): Book => ({
  ...book,
  save: async (change) => {
    const isFreed = givesBack(book, change)
    await book.save(change)
    if (isFreed) onFreed()
  },
})
