/**
 * Many readers, one reading: each caller gets a value whose reading began at or after its call, and readings never overlap.
 */
export const share = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let current: Promise<T> | undefined
  let following: Promise<T> | undefined

  const begin = (): Promise<T> => {
    const reading = read()
    current = reading
    const done = () => {
      if (current === reading) current = undefined
    }
    reading.then(done, done)
    return reading
  }

  return () => {
    // Callers of one turn of the event loop share too: the reading begins after them.
    if (following) return following
    const before = current ?? Promise.resolve()
    const start = () => {
      following = undefined
      return begin()
    }
    following = before.then(start, start)
    return following
  }
}
