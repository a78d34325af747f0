/** A route table's memory: laid out anew, opened, repaired. */
import {
  firstLevelLength,
  headerWords,
  memoryBytes,
  noRoute,
  type PartName,
  partOf,
  placeOfPart,
  type TableRoom,
} from './layout.ts'
import { levelsOf } from './levels.ts'
import { nextHopsOf, writeNoNextHop } from './next-hops.ts'
import { routeSetHeaderWords, routeSetOf } from './route-set.ts'
import { type RouteTable, tableOf } from './table.ts'
import { publish, word } from './words.ts'

/** Words of the header, before those of the set of routes. `changing`: 1 while a change goes on. */
const header = { version: 0, seed: 1, routes: 2, nextHops: 3, blocks: 4, changing: 5, set: 6 } as const
if (header.set + routeSetHeaderWords > headerWords) throw new RangeError('the header is too short')

/** Of the layout: any change, one more. Never 0, which is memory that nobody has written to. */
const version = 1

/** Returns when no program runs any more that ran when it was called. */
export type WaitForPrograms = () => void

/** Makes an empty table, of memory that no program sees yet; what was in it is of no account. */
export const createTable = (memory: ArrayBuffer, room: TableRoom, waitForPrograms: WaitForPrograms): RouteTable => {
  const words = new Uint32Array(memory, 0, headerWords)
  words.fill(0)
  words[header.seed] = Math.floor(Math.random() * 2 ** 32)
  words[header.routes] = room.routes
  words[header.nextHops] = room.nextHops
  words[header.blocks] = room.blocks
  clearFirstLevel(memory, room)
  clearAccounts(memory, room)
  words[header.version] = version
  return openTable(memory, waitForPrograms)
}

const clearFirstLevel = (memory: ArrayBuffer, room: TableRoom): void => {
  const entries = partOf(memory, room, 'entries')
  for (let at = 0; at < firstLevelLength; at++) publish(entries, at, noRoute)
}

/** Programs must not see any next hops or blocks any more. */
const clearAccounts = (memory: ArrayBuffer, room: TableRoom): void => {
  new Uint32Array(memory, 0, headerWords).fill(0, header.set)
  new Uint8Array(memory, placeOfPart(room, 'hopPool')).fill(0)
  writeNoNextHop({ records: partOf(memory, room, 'nextHops'), pool: partOf(memory, room, 'hopPool') })
}

/** A table that was made, here or elsewhere. One process at a time changes a table. Throws RangeError where the memory is of no such table. */
export const openTable = (memory: ArrayBuffer, waitForPrograms: WaitForPrograms): RouteTable => {
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
  const table = tableOf({
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
      waitForPrograms,
    }),
    levels: levelsOf({
      entries: part('entries'),
      counts: part('blockCounts'),
      pool: part('blockPool'),
      waitForPrograms,
    }),
  })

  /** Of all that there is, only the routes and their next hops are believed. */
  const repair = (): void => {
    const routes = [...table.routes()]
    clearFirstLevel(memory, room)
    waitForPrograms()
    clearAccounts(memory, room)
    for (const route of routes) table.put(route)
  }

  /** Whoever finds a change that nobody is at any more, since its process was ended in the middle of it, makes it good first. */
  const change = <T>(work: () => T): T => {
    if (word(words, header.changing) !== 0) repair()
    words[header.changing] = 1
    const result = work()
    words[header.changing] = 0
    return result
  }

  return {
    ...table,
    put: (route) => change(() => table.put(route)),
    remove: (prefix) => change(() => table.remove(prefix)),
    clear: () => change(() => table.clear()),
  }
}
