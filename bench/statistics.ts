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
