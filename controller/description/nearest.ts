/** "Did you mean": the known name nearest to a misspelt one. */

/** Edits (insert, delete, replace, swap of neighbours) from one text to the other; optimal string alignment. */
export const editDistance = (from: string, to: string): number => {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(last, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      row[j] = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        row[j] = Math.min(at(row, j), at(beforeLast, j - 2) + 1)
      }
    }
    beforeLast = last
    last = row
  }
  return at(last, to.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0

/** undefined where none is near: at most one edit in three characters, two at least. Case counts as half a miss. */
export const nearest = (name: string, known: Iterable<string>): string | undefined => {
  if (name.length > 80) return undefined
  const greatest = Math.max(2, Math.floor(name.length / 3))
  let best: string | undefined
  let bestDistance = greatest + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const exact = editDistance(name, candidate)
    const distance = Math.min(exact, editDistance(name.toLowerCase(), candidate.toLowerCase()) + 0.5)
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** For a hint: what was probably meant or, where nothing is near, what there is. */
export const suggest = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean "${near}"?`
  if (known.length === 0) return ''
  const shown = known.slice(0, 12).join(', ')
  return known.length > 12 ? `known: ${shown}, and ${known.length - 12} more` : `known: ${shown}`
}
