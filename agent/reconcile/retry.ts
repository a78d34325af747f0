/** When an object that failed may be tried again: a second later, then 2, 4, … seconds, a minute at most. */
import type { WeftError } from '../../proto/errors.ts'

export interface RetryOptions {
  readonly now: () => number
  readonly firstMs: number
  readonly mostMs: number
}

export interface Retries {
  /** Milliseconds from now until it may be tried; 0: now. A restart waits for earlier restarts too. */
  waitMs(object: string, restart?: boolean): number
  failed(object: string, error: WeftError): void
  /** Counts a success that must not be repeated too fast either: a node that was restarted. */
  restarted(object: string): void
  succeeded(object: string): void
  /** Why objects failed last, until they succeed. */
  readonly errors: ReadonlyMap<string, WeftError>
  /** Forgets all: what shall be has changed, so everything is worth a try. */
  reset(): void
}

export const retries = ({ now, firstMs, mostMs }: RetryOptions): Retries => {
  const errors = new Map<string, WeftError>()
  const held = new Map<string, { readonly attempts: number; readonly until: number }>()

  const hold = (key: string): void => {
    const before = held.get(key)
    // What went well for the longest delay since is taken for healthy.
    const attempts = before && now() - before.until < mostMs ? before.attempts + 1 : 0
    held.set(key, { attempts, until: now() + Math.min(mostMs, firstMs * 2 ** attempts) })
  }
  const untilOf = (key: string): number => held.get(key)?.until ?? 0
  const restartKey = (object: string): string => `restart of ${object}`

  return {
    waitMs: (object, restart = false) =>
      Math.max(0, untilOf(object) - now(), restart ? untilOf(restartKey(object)) - now() : 0),
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
