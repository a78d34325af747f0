import type { Clock } from './clock.ts'

export interface Coalescer {
  /** Asks for the key's work; many asks within the delay are one. */
  touch(key: string): void
  /** Forgets what was asked for. */
  close(): void
}

/** Runs `work` for a key `delayMs` after it was first asked for: a burst of reports becomes one state. */
export const createCoalescer = (clock: Clock, delayMs: number, work: (key: string) => void): Coalescer => {
  const pending = new Map<string, () => void>()
  return {
    touch: (key) => {
      if (pending.has(key)) return
      pending.set(
        key,
        clock.after(delayMs, () => {
          pending.delete(key)
          work(key)
        }),
      )
    },
    close: () => {
      for (const cancel of pending.values()) cancel()
      pending.clear()
    },
  }
}
