/**
 * Numbers that are given out, given back, and given out again only after a while: a program that has just read one from an entry may still be
 * looking at what it stood for.
 */
import { poolWords } from './layout.ts'
import { word } from './words.ts'

export interface Pool {
  /** undefined where all are in use. Waits where the only ones that are not were given back just now. */
  take(): number | undefined
  give(number: number): void
  /** How many can be taken. */
  available(): number
}

/**
 * A program runs for a microsecond, with interrupts of its kind held off; what may stop its processor for longer is a hypervisor that has
 * none to give.
 */
const graceMs = 100

export interface Clock {
  /** The machine's time since it booted, which processes share, modulo 2^32. */
  nowMs(): number
  wait(ms: number): void
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))

const machineClock: Clock = {
  nowMs: () => Number(process.hrtime.bigint() / 1_000_000n) >>> 0,
  wait: (ms) => {
    Atomics.wait(sleeper, 0, 0, ms)
  },
}

/** Words of a pool: how many numbers were ever taken; the oldest and the length of a queue of those given back; then the queue, a ring of pairs. */
const taken = 0
const oldest = 1
const queued = 2

/** `words` is zeros where the pool is new. */
export const poolOf = (words: Uint32Array, capacity: number, clock: Clock = machineClock): Pool => {
  const pair = (position: number): number => poolWords + 2 * (position % capacity)

  /** How long until the one that was given back first may be taken. */
  const remainingMs = (): number => {
    const age = (clock.nowMs() - word(words, pair(word(words, oldest)) + 1)) >>> 0
    return Math.max(0, graceMs - age)
  }

  const takeOldest = (): number => {
    const position = word(words, oldest)
    words[oldest] = (position + 1) % capacity
    words[queued] = word(words, queued) - 1
    return word(words, pair(position))
  }

  return {
    take: () => {
      const fresh = word(words, taken)
      const old = word(words, queued) > 0
      // One that was in use is rather in the processors' caches than one that never was.
      if (old && remainingMs() === 0) return takeOldest()
      if (fresh < capacity) {
        words[taken] = fresh + 1
        return fresh
      }
      if (!old) return undefined
      clock.wait(remainingMs())
      return takeOldest()
    },
    give: (number) => {
      const length = word(words, queued)
      const at = pair(word(words, oldest) + length)
      words[at] = number
      words[at + 1] = clock.nowMs()
      words[queued] = length + 1
    },
    available: () => capacity - word(words, taken) + word(words, queued),
  }
}
