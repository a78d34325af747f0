/** The set of a table's routes, by prefix, in an order: a route takes the place of one that went, or comes last. */
import { hashIndexOf } from './hash-index.ts'
import { isLeaf, lengthOf } from './layout.ts'
import { word } from './words.ts'

export interface RouteSet {
  /** The place of a prefix's route. */
  find(address: number, length: number): number | undefined
  /** The leaf of the route at a place. */
  leaf(place: number): number
  address(place: number): number
  replace(place: number, leaf: number): void
  /** A prefix without a route; `leaf` has its length. */
  insert(address: number, leaf: number): void
  remove(place: number): void
  clear(): void
  places(): Generator<number>
  count(): number
  isFull(): boolean
}

interface Memory {
  /** Two words each: address, leaf; where none is: 0, and one more than the place that is free next. */
  readonly records: Uint32Array
  readonly index: Uint32Array
  /** `count`, `end` and `free` of them. */
  readonly header: Uint32Array
  readonly seed: number
}

/** Words of the header: routes, places that were ever taken, and one more than the first free one below. */
const counted = 0
const end = 1
const free = 2
export const routeSetHeaderWords = 3

export const routeSetOf = ({ records, index, header, seed }: Memory): RouteSet => {
  const capacity = records.length / 2
  const address = (place: number): number => word(records, 2 * place)
  const leaf = (place: number): number => word(records, 2 * place + 1)
  const byPrefix = hashIndexOf(index, seed, { first: address, second: (place) => lengthOf(leaf(place)) })

  const takePlace = (): number => {
    const freed = word(header, free)
    if (freed !== 0) {
      header[free] = leaf(freed - 1)
      return freed - 1
    }
    const place = word(header, end)
    if (place >= capacity) throw new RangeError('no place for a route')
    header[end] = place + 1
    return place
  }

  return {
    find: (address, length) => byPrefix.find(address, length),
    leaf,
    address,
    replace: (place, leaf) => {
      records[2 * place + 1] = leaf
    },
    insert: (address, leaf) => {
      const place = takePlace()
      records[2 * place] = address
      records[2 * place + 1] = leaf
      byPrefix.insert(address, lengthOf(leaf), place)
      header[counted] = word(header, counted) + 1
    },
    remove: (place) => {
      byPrefix.remove(address(place), lengthOf(leaf(place)))
      records[2 * place] = 0
      records[2 * place + 1] = word(header, free)
      header[free] = place + 1
      header[counted] = word(header, counted) - 1
    },
    clear: () => {
      records.fill(0, 0, 2 * word(header, end))
      index.fill(0)
      header.fill(0, counted, free + 1)
    },
    *places() {
      for (let place = 0; place < word(header, end); place++) if (isLeaf(leaf(place))) yield place
    },
    count: () => word(header, counted),
    isFull: () => word(header, counted) >= capacity,
  }
}
