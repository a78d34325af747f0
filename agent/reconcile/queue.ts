/**
 * Keys that need work: a key that is added many times is worked on once, a key that is added while it is worked on once more
 * afterwards, and never twice at the same time.
 */
export interface KeyedQueue {
  /** At once without a delay; the earliest of several delays counts. */
  add(key: string, delayMs?: number): void
  /** Settles when nothing is being worked on or waits for a turn; delayed keys do not count. */
  idle(): Promise<void>
  /** Nothing new is begun. Settles when what was begun has ended. */
  stop(): Promise<void>
}

/** @param work must not reject: what it throws is lost */
export const keyedQueue = (
  work: (key: string) => Promise<void>,
  options: { readonly parallel: number },
): KeyedQueue => {
  const waiting = new Set<string>()
  const running = new Set<string>()
  const delayed = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>()
  const idlers: (() => void)[] = []
  let stopped = false

  const cancelDelay = (key: string): void => {
    clearTimeout(delayed.get(key)?.timer)
    delayed.delete(key)
  }

  const next = (): void => {
    if (stopped) waiting.clear()
    for (const key of waiting) {
      if (running.size >= options.parallel) break
      if (running.has(key)) continue
      waiting.delete(key)
      running.add(key)
      const done = () => {
        running.delete(key)
        next()
      }
      work(key).then(done, done)
    }
    if (running.size === 0 && waiting.size === 0) for (const idler of idlers.splice(0)) idler()
  }

  const idle = (): Promise<void> =>
    running.size === 0 && waiting.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))

  return {
    add: (key, delayMs = 0) => {
      if (stopped) return
      if (delayMs <= 0) {
        cancelDelay(key)
        waiting.add(key)
        queueMicrotask(next)
        return
      }
      const at = performance.now() + delayMs
      const before = delayed.get(key)
      if (waiting.has(key) || (before && before.at <= at)) return
      cancelDelay(key)
      const timer = setTimeout(() => {
        delayed.delete(key)
        waiting.add(key)
        next()
      }, delayMs)
      delayed.set(key, { timer, at })
    },
    idle,
    stop: async () => {
      stopped = true
      for (const key of [...delayed.keys()]) cancelDelay(key)
      waiting.clear()
      await idle()
    },
  }
}
