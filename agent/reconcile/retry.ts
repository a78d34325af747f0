/** When an object that failed may be tried again: a second later, then 2, 4, … seconds, a minute at most. */
import type { WeftError } from '../../proto/errors.ts'

export interface RetryOptions {
  readonly now: () => number
  /** Milliseconds since the Unix epoch. */
  readonly wallClock?: () => number
  readonly firstMs: number
  readonly mostMs: number
}

export interface Retries {
  /** Milliseconds from now until it may be tried; 0: now. A restart waits for earlier restarts too. */
  waitMs(object: string, restart?: boolean): number
  /** When that will be, in milliseconds since the Unix epoch; the same however often it is asked. 0: now. */
  nextTry(object: string, restart?: boolean): number
  failed(object: string, error: WeftError): void
  /** Counts a success that must not be repeated too fast either: a node that was restarted. */
  restarted(object: string): void
  succeeded(object: string): void
  /** Why objects failed last, until they succeed. */
  readonly errors: ReadonlyMap<string, WeftError>
  /** Forgets all: what shall be has changed, so everything is worth a try. */
  reset(): void
}

interface Held {
  readonly attempts: number
  /** By the clock that never goes back, which decides. */
  readonly until: number
  readonly untilUnixMs: number
}

export const retries = ({ now, wallClock = Date.now, firstMs, mostMs }: RetryOptions): Retries => {
  const errors = new Map<string, WeftError>()
  const held = new Map<string, Held>()

  const hold = (key: string): void => {
    const before = held.get(key)
    // What went well for the longest delay since is taken for healthy.
    const attempts = before && now() - before.until < mostMs ? before.attempts + 1 : 0
    const delayMs = Math.min(mostMs, firstMs * 2 ** attempts)
    held.set(key, { attempts, until: now() + delayMs, untilUnixMs: Math.round(wallClock() + delayMs) })
  }
  const untilOf = (key: string): number => held.get(key)?.until ?? 0
  const restartKey = (object: string): string => `restart of ${object}`

  const keysOf = (object: string, restart: boolean): readonly string[] =>
    restart ? [object, restartKey(object)] : [object]

  return {
    waitMs: (object, restart = false) => Math.max(0, ...keysOf(object, restart).map((key) => untilOf(key) - now())),
    nextTry: (object, restart = false) => {
      const waiting = keysOf(object, restart).filter((key) => untilOf(key) > now())
      return Math.max(0, ...waiting.map((key) => held.get(key)?.untilUnixMs ?? 0))
    },
    failed: (object, error) => {
      errors.set(object, error)
      hold(object)
    },
    restarted: (object) => hold(restartKey(object)),
    succeeded: (object) => {
      errors.delete(object)
      held.delete(object)
    },
    errors,
    reset: () => {
      errors.clear()
      held.clear()
    },
  }
}
