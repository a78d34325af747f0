/** Time that passes only where a test lets it: no test waits, and equal runs are equal. */
import type { Clock } from '../roles/clock.ts'

export interface TestClock extends Clock {
  /** Passes to the next timer and runs it; false: there is none. */
  step(): boolean
}

/** 2026-01-01. */
const startUnixMs = 1_767_225_600_000

export const createTestClock = (): TestClock => {
  let nowMs = 0
  let count = 0
  const timers = new Map<number, { readonly atMs: number; readonly work: () => void }>()
  return {
    now: () => nowMs,
    unixMs: () => startUnixMs + nowMs,
    after: (ms, work) => {
      const id = count++
      timers.set(id, { atMs: nowMs + ms, work })
      return () => void timers.delete(id)
    },
    step: () => {
      const next = [...timers].sort(([a, { atMs: x }], [b, { atMs: y }]) => x - y || a - b)[0]
      if (!next) return false
      const [id, { atMs, work }] = next
      timers.delete(id)
      nowMs = Math.max(nowMs, atMs)
      work()
      return true
    },
  }
}
