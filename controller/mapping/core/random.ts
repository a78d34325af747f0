/**
 * Numbers that look random and are the same each time: xorshift (Marsaglia, "Xorshift RNGs", 2003).
 */
export interface Random {
  /** A whole number from 0 up to, without, the limit. */
  readonly below: (limit: number) => number
}

export const randomFrom = (seed: number): Random => {
  let state = seed | 0 || 1
  return {
    below: (limit) => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % limit
    },
  }
}
