/** Next hops of routes: gateway and output, each pair once, counted. */
import { type HashIndex, hashIndexOf } from './hash-index.ts'
import { noOutput } from './layout.ts'
import { type Pool, poolOf } from './pool.ts'
import { publish, word } from './words.ts'

export interface NextHop {
  /** 0: none, the destination is on the link. */
  readonly gateway: number
  readonly output: number
}

export interface NextHops {
  /** The number of a next hop that is now used once more; undefined where there is no room for another. */
  use(hop: NextHop): number | undefined
  /** Used once less; what is used no more is given up. */
  release(number: number): void
  read(number: number): NextHop
  inUse(): number
}

interface Memory {
  /** Two words each, read by programs. */
  readonly records: Uint32Array
  readonly counts: Uint32Array
  readonly index: Uint32Array
  readonly pool: Uint32Array
  readonly seed: number
  readonly waitForPrograms: () => void
}

const swap = (value: number): number =>
  ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff_0000) | (value << 24)) >>> 0

/** The record of no route, in new memory; its number is 0. */
export const writeNoNextHop = ({ records, pool }: Pick<Memory, 'records' | 'pool'>): void => {
  poolOf(pool, records.length / 2, () => undefined).take()
  records[0] = 0
  publish(records, 1, noOutput)
}

export const nextHopsOf = (memory: Memory): NextHops => {
  const { records, counts, index, seed } = memory
  const pool: Pool = poolOf(memory.pool, counts.length, memory.waitForPrograms)
  const byHop: HashIndex = hashIndexOf(index, seed, {
    first: (number) => word(records, 2 * number),
    second: (number) => word(records, 2 * number + 1),
  })

  return {
    use: ({ gateway, output }) => {
      const known = byHop.find(swap(gateway), output)
      const number = known ?? pool.take()
      if (number === undefined) return undefined
      if (known === undefined) {
        records[2 * number] = swap(gateway)
        publish(records, 2 * number + 1, output)
        byHop.insert(swap(gateway), output, number)
      }
      counts[number] = word(counts, number) + 1
      return number
    },
    release: (number) => {
      const left = word(counts, number) - 1
      counts[number] = left
      if (left > 0) return
      byHop.remove(word(records, 2 * number), word(records, 2 * number + 1))
      pool.give(number)
    },
    read: (number) => ({ gateway: swap(word(records, 2 * number)), output: word(records, 2 * number + 1) }),
    // One of them is that of no route.
    inUse: () => counts.length - pool.available() - 1,
  }
}
