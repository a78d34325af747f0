/**
 * A route table in the memory of a map: a set of routes, and the same laid out flat, in levels of 16, 8 and 8 bits, for programs to read with
 * one to three loads. After P. Gupta, S. Lin, N. McKeown, "Routing Lookups in Hardware at Memory Access Speeds" (Infocom 1998), with a
 * smaller first level. Changes may go on while programs read: each sees the route from before or from after.
 */
import {
  firstLevelLength,
  headerWords,
  leafOf,
  lengthOf,
  memoryBytes,
  nextHopOf,
  noRoute,
  type PartName,
  partOf,
  type TableRoom,
} from './layout.ts'
import { type Levels, levelsOf } from './levels.ts'
import { type NextHop, type NextHops, nextHopsOf, writeNoNextHop } from './next-hops.ts'
import { type RouteSet, routeSetHeaderWords, routeSetOf } from './route-set.ts'
import { word } from './words.ts'

/** An address without bits beyond the length, 0 to 32. */
export interface TablePrefix {
  readonly address: number
  readonly length: number
}

export interface TableRoute extends TablePrefix, NextHop {}

export interface RouteTable {
  readonly room: TableRoom
  /** What a packet to this address would be given: undefined where it would be dropped. */
  lookup(address: number): NextHop | undefined
  find(prefix: TablePrefix): TableRoute | undefined
  /** Adds or replaces. False where there is no room: then nothing has changed. */
  put(route: TableRoute): boolean
  /** Whether there was one. */
  remove(prefix: TablePrefix): boolean
  clear(): void
  /** In order: a route stands in the place of one that went, or last. */
  routes(): Generator<TableRoute>
  count(): number
  /** How much of `room` is in use. */
  inUse(): TableRoom
}

/** Words of the header, before those of the set of routes. */
const header = { version: 0, seed: 1, routes: 2, nextHops: 3, blocks: 4, set: 5 } as const
if (header.set + routeSetHeaderWords > headerWords) throw new RangeError('the header is too short')

/** Of the layout: any change, one more. Never 0, which is memory that nobody has written to. */
const version = 1

/** Makes an empty table of memory that is zeros. */
export const createTable = (memory: ArrayBuffer, room: TableRoom): RouteTable => {
  const words = new Uint32Array(memory, 0, headerWords)
  words[header.seed] = Math.floor(Math.random() * 2 ** 32)
  words[header.routes] = room.routes
  words[header.nextHops] = room.nextHops
  words[header.blocks] = room.blocks
  partOf(memory, room, 'entries').fill(noRoute, 0, firstLevelLength)
  writeNoNextHop({ records: partOf(memory, room, 'nextHops'), pool: partOf(memory, room, 'hopPool') })
  words[header.version] = version
  return openTable(memory)
}

/** A table that was made, here or elsewhere. Throws RangeError where the memory is of no such table. */
export const openTable = (memory: ArrayBuffer): RouteTable => {
  const words = new Uint32Array(memory, 0, headerWords)
  if (words[header.version] !== version) throw new RangeError(`no route table of version ${version}`)
  const room = {
    routes: word(words, header.routes),
    nextHops: word(words, header.nextHops),
    blocks: word(words, header.blocks),
  }
  if (memory.byteLength < memoryBytes(room)) throw new RangeError('a route table is larger than its memory')
  const seed = word(words, header.seed)
  const part = (name: PartName): Uint32Array => partOf(memory, room, name)
  return tableOf({
    room,
    set: routeSetOf({
      records: part('routes'),
      index: part('routeIndex'),
      header: words.subarray(header.set),
      seed,
    }),
    hops: nextHopsOf({
      records: part('nextHops'),
      counts: part('hopCounts'),
      index: part('hopIndex'),
      pool: part('hopPool'),
      seed,
    }),
    levels: levelsOf({ entries: part('entries'), counts: part('blockCounts'), pool: part('blockPool') }),
  })
}

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)

interface Parts {
  readonly room: TableRoom
  readonly set: RouteSet
  readonly hops: NextHops
  readonly levels: Levels
}

const tableOf = ({ room, set, hops, levels }: Parts): RouteTable => {
  const routeAt = (place: number): TableRoute => {
    const leaf = set.leaf(place)
    return { address: set.address(place), length: lengthOf(leaf), ...hops.read(nextHopOf(leaf)) }
  }

  /** The leaf of the longest shorter route around a prefix. */
  const around = (address: number, length: number): number => {
    for (let shorter = length - 1; shorter >= 0; shorter--) {
      const place = set.find((address & maskOf(shorter)) >>> 0, shorter)
      if (place !== undefined) return set.leaf(place)
    }
    return noRoute
  }

  return {
    room,
    lookup: (address) => {
      const leaf = levels.lookup(address)
      return nextHopOf(leaf) === 0 ? undefined : hops.read(nextHopOf(leaf))
    },
    find: ({ address, length }) => {
      const place = set.find(address, length)
      return place === undefined ? undefined : routeAt(place)
    },
    put: ({ address, length, gateway, output }) => {
      const hop = { gateway, output }
      const place = set.find(address, length)
      if (place === undefined && (set.isFull() || levels.lacking(address, length) > levels.available())) return false
      const number = hops.use(hop)
      if (number === undefined) return false
      const leaf = leafOf(length, number)
      if (place === undefined) {
        set.insert(address, leaf)
        levels.enter(address, length)
        levels.paint(address, length, leaf)
      } else {
        const before = set.leaf(place)
        set.replace(place, leaf)
        if (before !== leaf) levels.paint(address, length, leaf)
        hops.release(nextHopOf(before))
      }
      return true
    },
    remove: ({ address, length }) => {
      const place = set.find(address, length)
      if (place === undefined) return false
      const leaf = set.leaf(place)
      set.remove(place)
      levels.paint(address, length, around(address, length))
      levels.leave(address, length)
      hops.release(nextHopOf(leaf))
      return true
    },
    clear: () => {
      levels.clear()
      for (const place of set.places()) hops.release(nextHopOf(set.leaf(place)))
      set.clear()
    },
    *routes() {
      for (const place of set.places()) yield routeAt(place)
    },
    count: () => set.count(),
    inUse: () => ({ routes: set.count(), nextHops: hops.inUse(), blocks: levels.inUse() }),
  }
}
