/** Work that must not overlap. */

/** Runs what it is given one after the other, in the order of the calls. A failure is its caller's alone. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>

export const createSerial = (): Serial => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
}

/** The same for each key by itself. */
export type KeyedSerial = <T>(key: string, work: () => Promise<T>) => Promise<T>

export const createKeyedSerial = (): KeyedSerial => {
  const lines = new Map<string, { readonly serial: Serial; waiting: number }>()
  return async (key, work) => {
    const line = lines.get(key) ?? { serial: createSerial(), waiting: 0 }
    lines.set(key, line)
    line.waiting++
    try {
      return await line.serial(work)
    } finally {
      line.waiting--
      if (line.waiting === 0) lines.delete(key)
    }
  }
}
