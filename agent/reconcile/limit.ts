/** At most so many at a time, in the order they came; what is not urgent after all else that waits. */
export type Limit = <T>(work: () => Promise<T>, isUrgent?: boolean) => Promise<T>

export const limit = (parallel: number): Limit => {
  const urgent: (() => void)[] = []
  const others: (() => void)[] = []
  let running = 0
  return async (work, isUrgent = true) => {
    if (running >= parallel) await new Promise<void>((resolve) => (isUrgent ? urgent : others).push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The place is handed on without being freed, so that nobody slips in between.
      const next = urgent.shift() ?? others.shift()
      if (next) next()
      else running--
    }
  }
}
