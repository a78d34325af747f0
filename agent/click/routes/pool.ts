/**
 * Numbers that are given out, given back, and given out again late: a program that has just read one from an entry may still be looking at
 * what it stood for.
 */
import { poolWords } from './layout.ts'
import { word } from './words.ts'

export interface Pool {
  /** undefined where all are in use. */
  take(): number | undefined
  give(number: number): void
  /** How many can be taken. */
  available(): number
}

/** Words of a pool: how many numbers were ever taken; where a queue of those given back starts, how long it is, and how many of its first no program sees. */
const taken = 0
const start = 1
const length = 2
const unseen = 3

/**
 * `words` is zeros where the pool is new: those above, then the queue, a ring. `waitForPrograms` returns when none runs any more that ran
 * when it was called.
 */
export const poolOf = (words: Uint32Array, capacity: number, waitForPrograms: () => void): Pool => {
  const placeOf = (position: number): number => poolWords + ((word(words, start) + position) % capacity)

  const takeFirst = (): number => {
    const number = word(words, placeOf(0))
    words[start] = (word(words, start) + 1) % capacity
    words[length] = word(words, length) - 1
    words[unseen] = word(words, unseen) - 1
    return number
  }

  return {
    take: () => {
      if (word(words, unseen) > 0) return takeFirst()
      const fresh = word(words, taken)
      if (fresh < capacity) {
        words[taken] = fresh + 1
        return fresh
      }
      if (word(words, length) === 0) return undefined
      // Some tens of milliseconds, for all that wait at once.
      waitForPrograms()
      words[unseen] = word(words, length)
      return takeFirst()
    },
    give: (number) => {
      words[placeOf(word(words, length))] = number
      words[length] = word(words, length) + 1
    },
    available: () => capacity - word(words, taken) + word(words, length),
  }
}
