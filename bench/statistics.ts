/** Numbers of paired measurements. */

/** NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** The median of each pair's ratio: what both of a pair met, a busy moment of the machine, cancels out. */
export const medianRatio = <T>(pairs: readonly T[], of: (pair: T) => number, to: (pair: T) => number): number =>
  median(pairs.map((pair) => of(pair) / to(pair)))

/** As the tables of measurements in papers have them. */
export interface Summary {
  readonly count: number
  readonly least: number
  readonly mean: number
  readonly greatest: number
  /** Of a sample (n - 1); NaN of fewer than two. */
  readonly deviation: number
}

/** NaN of none. */
export const summarize = (values: readonly number[]): Summary => {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const [least, greatest] = count === 0 ? [Number.NaN, Number.NaN] : [Math.min(...values), Math.max(...values)]
  return { count, least, mean, greatest, deviation: count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1)) }
}
