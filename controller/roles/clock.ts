/** Time as the roles use it: durations on a monotonic clock, so that setting the machine's clock ends no lease. */
import { performance } from 'node:perf_hooks'

export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number
  /** Milliseconds since the Unix epoch, which somebody may set: for what has to outlive the process. */
  unixMs(): number
  /** Calls `work` once after `ms`; the answer cancels it. Does not keep the process alive. */
  after(ms: number, work: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  unixMs: () => Date.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
