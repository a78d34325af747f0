/** Whole numbers from 0, kept as bits with a summary of what is full, so that the first that is free is found in steps of a thousand. */
export interface NumberSet {
  add(number: number): void
  delete(number: number): void
  /** The least number that is at least `from` and not in the set. */
  firstFree(from: number): number
}

const full = 0xffffffff

/** Of the word's bits from `bit` on the first that is 0; 32: none is. */
const firstZero = (word: number, bit: number): number => {
  const open = ~word & (full << bit)
  return open === 0 ? 32 : 31 - Math.clz32(open & -open)
}

export const createNumberSet = (): NumberSet => {
  let words = new Uint32Array(4)
  /** A bit a word: it is full. */
  let summary = new Uint32Array(1)
  const isIn = (at: number): boolean => at < words.length
  const grow = (length: number): void => {
    const [more, above] = [new Uint32Array(length), new Uint32Array(Math.ceil(length / 32))]
    more.set(words)
    above.set(summary)
    ;[words, summary] = [more, above]
  }
  const summarise = (at: number): void => {
    const bit = 1 << (at & 31)
    const old = summary[at >>> 5] as number
    summary[at >>> 5] = words[at] === full ? old | bit : old & ~bit
  }
  return {
    add: (number) => {
      const at = number >>> 5
      if (!isIn(at)) grow(Math.max(2 * words.length, at + 1))
      words[at] = (words[at] as number) | (1 << (number & 31))
      summarise(at)
    },
    delete: (number) => {
      const at = number >>> 5
      if (!isIn(at)) return
      words[at] = (words[at] as number) & ~(1 << (number & 31))
      summarise(at)
    },
    firstFree: (from) => {
      const at = from >>> 5
      if (!isIn(at)) return from
      const bit = firstZero(words[at] as number, from & 31)
      if (bit < 32) return at * 32 + bit
      let next = at + 1
      while (isIn(next)) {
        const open = firstZero(summary[next >>> 5] as number, next & 31)
        if (open < 32) {
          const word = (next >>> 5) * 32 + open
          return isIn(word) ? word * 32 + firstZero(words[word] as number, 0) : word * 32
        }
        next = ((next >>> 5) + 1) * 32
      }
      return next * 32
    },
  }
}
