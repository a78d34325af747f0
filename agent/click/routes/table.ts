/**
 * A route table in the memory of a map: a set of routes, and the same laid out flat, in levels of 16, 8 and 8 bits, for programs to read with
 * one to three loads. After P. Gupta, S. Lin, N. McKeown, "Routing Lookups in Hardware at Memory Access Speeds" (Infocom 1998), with a
 * smaller first level. Changes may go on while programs read: each sees the route from before or from after.
 */
import { leafOf, lengthOf, nextHopOf, noRoute, type TableRoom } from './layout.ts'
import type { Levels } from './levels.ts'
import type { NextHop, NextHops } from './next-hops.ts'
import type { RouteSet } from './route-set.ts'

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

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)

export interface TableParts {
  readonly room: TableRoom
  readonly set: RouteSet
  readonly hops: NextHops
  readonly levels: Levels
}

export const tableOf = ({ room, set, hops, levels }: TableParts): RouteTable => {
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
