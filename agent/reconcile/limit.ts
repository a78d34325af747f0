/** At most so many at a time, in the order they came. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>

export const limit = (parallel: number): Limit => {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= parallel) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The place is handed on without being freed, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
