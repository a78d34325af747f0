/** VNets that end by themselves: each is removed when its lifetime is over, whether or not the VNP ran all the time. */
import type { Log } from '../log.ts'
import type { Clock } from '../roles/clock.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { Book } from './book.ts'
import type { VNetRow } from './rows.ts'

export interface Lifetimes {
  /** The VNet was decided on, or is gone. */
  schedule(key: string): void
  close(): void
}

export interface LifetimesOptions {
  readonly book: Book
  readonly clock: Clock
  readonly log: Log
  /** Removes it as its operator would. */
  readonly remove: (key: string) => Promise<unknown>
}

/** A timer counts 2^31 ms at most, and somebody may set the clock meanwhile. */
const longestSleepMs = 3_600_000

/** Milliseconds since the Unix epoch; 0: never. */
export const endOf = ({ request, acceptedUnixMs }: Pick<VNetRow, 'request' | 'acceptedUnixMs'>): number =>
  request.lifetimeSeconds === 0 ? 0 : acceptedUnixMs + request.lifetimeSeconds * 1000

export const createLifetimes = ({ book, clock, log, remove }: LifetimesOptions): Lifetimes => {
  const timers = new Map<string, () => void>()

  const ends = createPursuit({
    clock,
    work: async (key) => {
      const row = book.vnets.get(key)
      if (!row || row.removing) return true
      const end = endOf(row)
      if (end === 0 || end > clock.unixMs()) schedule(key)
      else {
        log.info({ vnet: key, acceptedUnixMs: row.acceptedUnixMs }, 'its lifetime is over')
        await remove(key)
      }
      return true
    },
    onError: (key, error) => log.error({ vnet: key, err: error }, 'ending it failed'),
  })

  const schedule = (key: string): void => {
    timers.get(key)?.()
    timers.delete(key)
    const row = book.vnets.get(key)
    const end = row && !row.removing ? endOf(row) : 0
    if (end === 0) return
    const sleepMs = Math.min(Math.max(0, end - clock.unixMs()), longestSleepMs)
    timers.set(
      key,
      clock.after(sleepMs, () => {
        timers.delete(key)
        void ends.pursue(key)
      }),
    )
  }

  for (const key of book.vnets.keys()) schedule(key)
  return {
    schedule,
    close: () => {
      for (const cancel of timers.values()) cancel()
      timers.clear()
      ends.close()
    },
  }
}
