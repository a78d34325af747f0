/** Runs asynchronous work one at a time, in the order it was asked for; a failure does not stop what follows. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>

export const serial = (): Serial => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return result
  }
}
