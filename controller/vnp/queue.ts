/**
 * Requests for which there is no room now: kept in the store, and tried again, by priority and then by age, whenever something was freed.
 * One that does not fit yet holds up none behind it, unless it was passed over too often (turns.ts). Who waits for what is told by its state.
 */
import { hasCode, toWireError, WeftError, type WireError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { diffRequests } from '../description/diff.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../roles/clock.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { KeyedSerial } from '../roles/serial.ts'
import type { Book } from './book.ts'
import type { QueuedRow } from './rows.ts'
import { createTurns, patience } from './turns.ts'

export interface Queue {
  /** Keeps the request, while nothing else happens to its VNet; one that waited already keeps its age, unless it asks for something else now. Throws admission.not-now where too many wait. */
  put(asked: Omit<QueuedRow, 'sinceUnixMs' | 'order' | 'rejected'>, triesBefore: number): Promise<QueuedRow>
  /** Throws admission.not-now where what does not wait, or waits behind another whose turn is kept, is not to be tried now. */
  checkTurn(key: string, request: Pick<VNetRequest, 'priority'>): void
  /** A request was served that did not wait. */
  noteServed(request: Pick<VNetRequest, 'priority'>): void
  /** Takes it out, while nothing else happens to its VNet: it is not wanted any more. */
  drop(key: string): Promise<void>
  /** Something was freed, or somebody came who may have room. */
  retry(): void
  /** How often there was a reason to try: what is refused between two counts that differ is to be tried at once. */
  readonly tries: number
  close(): void
}

export interface QueueOptions {
  readonly book: Book
  readonly clock: Clock
  readonly log: Log
  /** One thing at a time on a VNet. */
  readonly serial: KeyedSerial
  /** Decides on it, as if it were asked for now: throws why not. */
  readonly attempt: (row: QueuedRow) => Promise<unknown>
  readonly onDecided: (key: string) => Promise<unknown>
  /** The states of those that wait may be others now. */
  readonly onChange: (keys: readonly string[]) => void
}

/** Of one operator: what waits is kept in the store, and tried each time. */
export const maxQueuedPerOwner = 100

/** Negative where `a` is tried before `b`. */
const compareTurns = (a: QueuedRow, b: QueuedRow): number =>
  b.request.priority - a.request.priority || a.order - b.order

/** When its turn comes among all that wait: 1 is first; 0 for one that is rejected. */
export const positionOf = (row: QueuedRow, all: Iterable<QueuedRow>): number => {
  if (row.rejected) return 0
  let position = 1
  for (const other of all) if (!other.rejected && compareTurns(other, row) < 0) position++
  return position
}

/** What may be otherwise later, by itself. */
const mayPass = (error: unknown): boolean =>
  hasCode(
    error,
    'admission.not-now',
    'embedding.stale',
    'provider.unavailable',
    'call.timeout',
    'call.unreachable',
    'reservation.unknown',
  )

const same = (a: VNetRequest, b: VNetRequest): boolean => diffRequests(a, b).length === 0

export const createQueue = (options: QueueOptions): Queue => {
  const { book, clock, log, serial, attempt, onDecided, onChange } = options
  let tries = 0
  const turns = createTurns({ clock, onOpen: () => retry() })
  const waiting = (): readonly QueuedRow[] => [...book.queued.values()].filter(({ rejected }) => !rejected)
  let order = Math.max(0, ...[...book.queued.values()].map((row) => row.order))

  const save = async (row: QueuedRow): Promise<void> => {
    await book.save({ queued: new Map([[row.key, row]]) })
  }

  const failed = async (row: QueuedRow, thrown: unknown): Promise<void> => {
    const error: WireError = toWireError(thrown)
    const rejected = !mayPass(thrown)
    if (rejected) turns.forget(row.key)
    if (rejected) log.warn({ vnet: row.key, err: thrown }, 'what waited can never be built')
    const isNews = rejected || error.code !== row.error.code || error.message !== row.error.message
    if (isNews) await save({ ...row, error, rejected })
  }

  /** Whether it was decided on. */
  const tryOne = async (key: string): Promise<boolean> => {
    const row = book.queued.get(key)
    if (!row || row.rejected || turns.isHeldUp(row.request.priority, row.order)) return false
    try {
      await attempt(row)
      turns.forget(key)
      turns.served(row.request.priority, row.order, waiting())
      log.info({ vnet: key, waitedMs: clock.unixMs() - row.sinceUnixMs }, 'what waited fits')
      return true
    } catch (error) {
      await failed(row, error)
      return false
    }
  }

  /** One after the other, so that the first gets what is free. */
  const tryAll = async (): Promise<void> => {
    for (const { key } of [...book.queued.values()].sort(compareTurns)) {
      const isDecided = await serial(key, () => tryOne(key))
      if (isDecided) await onDecided(key)
    }
  }

  const passes = createPursuit({
    clock,
    work: async () => {
      const before = [...book.queued.keys()]
      await tryAll()
      onChange(before)
      return true
    },
    onError: (_, error) => log.error({ err: error }, 'trying what waits failed'),
  })

  const retry = (): void => {
    tries++
    if (book.queued.size > 0) void passes.pursue('all')
  }

  return {
    put: async (asked, triesBefore) => {
      const before = book.queued.get(asked.key)
      const mine = [...book.queued.values()].filter(({ owner }) => owner === asked.owner)
      if (!before && mine.length >= maxQueuedPerOwner) {
        throw new WeftError('admission.not-now', `${asked.error.message}; and ${mine.length} requests wait already`, {
          object: asked.error.object,
          hint: `at most ${maxQueuedPerOwner} may wait: delete some of them`,
        })
      }
      const stays = before && !before.rejected && same(before.request, asked.request)
      const row: QueuedRow = {
        ...asked,
        sinceUnixMs: stays ? before.sinceUnixMs : clock.unixMs(),
        order: stays ? before.order : ++order,
        rejected: false,
      }
      await save(row)
      onChange([...book.queued.keys()])
      // What was freed while it was being refused was told to nobody who waits.
      if (tries !== triesBefore) retry()
      return row
    },

    checkTurn: (key, { priority }) => {
      const row = book.queued.get(key)
      if (!turns.isHeldUp(priority, row?.rejected ? undefined : row?.order)) return
      throw new WeftError(
        'admission.not-now',
        `what is free is kept for a request that was passed over ${patience} times`,
        {
          hint: 'it is tried again by itself; one of a higher priority does not wait for it',
        },
      )
    },

    noteServed: ({ priority }) => turns.served(priority, undefined, waiting()),

    drop: async (key) => {
      turns.forget(key)
      await book.save({ queued: new Map([[key, undefined]]) })
      onChange([...book.queued.keys()])
    },

    retry,
    get tries() {
      return tries
    },
    close: () => {
      turns.close()
      passes.close()
    },
  }
}
