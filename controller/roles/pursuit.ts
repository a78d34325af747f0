/** Work that was decided and must be carried out in the end, whoever is away meanwhile. */
import type { Clock } from './clock.ts'
import { createKeyedSerial } from './serial.ts'

const firstPauseMs = 500
const longestPauseMs = 30_000

export interface Pursuit {
  /**
   * Works on the key now or, where that is under way, once more after it. Settles with that run: whether the work is done. Never
   * rejects; what is not done is tried again by itself, after growing pauses.
   */
  pursue(key: string): Promise<boolean>
  /** Tries everything that waits for its pause now: something became reachable. */
  wake(): void
  /** Nothing is tried again. */
  close(): void
}

export interface PursuitOptions {
  readonly clock: Clock
  /** Idempotent, one run a key at a time. True: done; false or an error: again later. */
  readonly work: (key: string) => Promise<boolean>
  readonly onError: (key: string, error: unknown) => void
}

export const createPursuit = ({ clock, work, onError }: PursuitOptions): Pursuit => {
  const serial = createKeyedSerial()
  const queued = new Map<string, Promise<boolean>>()
  const retries = new Map<string, { readonly pauseMs: number; readonly cancel: () => void }>()
  let closed = false

  const attempt = async (key: string): Promise<boolean> => {
    if (closed) return false
    const before = retries.get(key)
    before?.cancel()
    let done = false
    try {
      done = await work(key)
    } catch (error) {
      if (!closed) onError(key, error)
    }
    retries.delete(key)
    if (done || closed) return done
    const pauseMs = before ? Math.min(before.pauseMs * 2, longestPauseMs) : firstPauseMs
    retries.set(key, { pauseMs, cancel: clock.after(pauseMs, () => void pursue(key)) })
    return false
  }

  const pursue = (key: string): Promise<boolean> => {
    const waiting = queued.get(key)
    if (waiting !== undefined) return waiting
    const run = serial(key, () => {
      queued.delete(key)
      return attempt(key)
    })
    queued.set(key, run)
    return run
  }

  return {
    pursue,
    wake: () => {
      for (const key of [...retries.keys()]) void pursue(key)
    },
    close: () => {
      closed = true
      for (const { cancel } of retries.values()) cancel()
      retries.clear()
    },
  }
}
