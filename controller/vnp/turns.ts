/**
 * That a large request is served in the end, however many small ones come: one that was passed over often enough has its turn kept for a
 * while, in which nothing of the same priority, or a lower one, is given what is freed; then others have as long. Each turn is kept for twice
 * as long as the one before, so that one of them outlasts what stands in the way and ends; and at least half of all time is everyone's. Counted anew after a start.
 */
import type { Clock } from '../roles/clock.ts'
import type { QueuedRow } from './rows.ts'

type Waiting = Pick<QueuedRow, 'key' | 'order' | 'request'>

/** So many younger requests may be served before one that waits. */
export const patience = 8
/** The first turn that is kept, and the longest: others wait no longer for one that may be in vain. */
export const [firstTurnMs, longestTurnMs] = [60_000, 3_600_000]

export interface Turns {
  /** The request whose turn is kept now. */
  kept(): Waiting | undefined
  /** Whether a request of this priority waits for the one whose turn is kept; `order` of one that waits itself. */
  isHeldUp(priority: number, order?: number): boolean
  /** Something was served: a request that came later than these had to wait is counted against it. */
  served(priority: number, order: number | undefined, waiting: Iterable<Waiting>): void
  /** It waits no more. */
  forget(key: string): void
  close(): void
}

export interface TurnsOptions {
  readonly clock: Clock
  /** A turn ended unused: others may be tried. */
  readonly onOpen: () => void
}

interface Patience {
  passes: number
  turnMs: number
}

export const createTurns = ({ clock, onOpen }: TurnsOptions): Turns => {
  const known = new Map<string, Patience>()
  let kept: { readonly row: Waiting; readonly cancel: () => void } | undefined
  /** By the clock, until when everyone is served as it comes. */
  let openUntil = 0

  const keep = (row: Waiting, one: Patience): void => {
    const { turnMs } = one
    const cancel = clock.after(turnMs, () => {
      kept = undefined
      openUntil = clock.now() + turnMs
      one.turnMs = Math.min(2 * turnMs, longestTurnMs)
      onOpen()
    })
    kept = { row, cancel }
  }

  return {
    kept: () => kept?.row,
    isHeldUp: (priority, order = Number.POSITIVE_INFINITY) => {
      if (!kept || priority > kept.row.request.priority) return false
      return priority < kept.row.request.priority || order > kept.row.order
    },
    served: (priority, order = Number.POSITIVE_INFINITY, waiting) => {
      for (const row of waiting) {
        if (row.request.priority < priority || row.order >= order) continue
        const one = known.get(row.key) ?? { passes: 0, turnMs: firstTurnMs }
        known.set(row.key, one)
        one.passes++
        if (!kept && one.passes >= patience && clock.now() >= openUntil) keep(row, one)
      }
    },
    forget: (key) => {
      known.delete(key)
      if (kept?.row.key !== key) return
      kept.cancel()
      kept = undefined
    },
    close: () => kept?.cancel(),
  }
}
