/** Words of memory that is shared with programs and other processes. */

/** A word that there is. */
export const word = (words: Uint32Array, at: number): number => words[at] ?? 0

/**
 * A word that others may be reading: it is written as a whole, and they see what was written before it first. Nothing that is not
 * reachable for them yet needs this.
 */
export const publish = (words: Uint32Array, at: number, value: number): void => {
  Atomics.store(words, at, value)
}
