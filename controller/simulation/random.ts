/** Random numbers from a seed: the same on every machine. */

/** Mulberry32: a number in [0, 1) at each call of `next`. */
export const randomFrom = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  /** Exponentially distributed. */
  const exponential = (mean: number): number => -mean * Math.log(1 - next())
  /** Poisson distributed: arrivals of rate 1 within `mean`. */
  const poisson = (mean: number): number => {
    let count = -1
    for (let spent = 0; spent <= mean; count++) spent += exponential(1)
    return count
  }
  return { next, integer, exponential, poisson }
}

export type Random = ReturnType<typeof randomFrom>
