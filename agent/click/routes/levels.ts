/** Level 1 and the blocks below it: what a program walks through. Every change is one of single words, each of which leaves a table that is right. */
import { blockAt, blockLength, isLeaf, lengthOf, noRoute, placeOfBlock, wordBytes } from './layout.ts'
import { type Pool, poolOf } from './pool.ts'
import { publish, word } from './words.ts'

/** Prefixes are those of routes: an address without bits beyond the length. */
export interface Levels {
  /** The leaf of an address. */
  lookup(address: number): number
  /** How many blocks a route of this prefix would need that are not there. */
  lacking(address: number, length: number): number
  available(): number
  inUse(): number
  /** Makes the blocks of a new route; there must be room. */
  enter(address: number, length: number): void
  /** Gives up those of one that went, where they are no other's. */
  leave(address: number, length: number): void
  /** Gives a leaf to all addresses of a prefix but those with a route of a longer one. */
  paint(address: number, length: number, leaf: number): void
  /** Gives up all. */
  clear(): void
}

interface Memory {
  /** From level 1 on. */
  readonly entries: Uint32Array
  /** Of each block, how many routes need it. */
  readonly counts: Uint32Array
  readonly pool: Uint32Array
  readonly waitForPrograms: () => void
}

const firstLevelBits = 16
const secondLevelBits = 24

export const levelsOf = ({ entries, counts, pool: poolMemory, waitForPrograms }: Memory): Levels => {
  const pool: Pool = poolOf(poolMemory, counts.length, waitForPrograms)
  const entry = (at: number): number => word(entries, at)

  /** Where the entry of an address is: in level 1, and in a block by its upper and by its lower eight bits. */
  const first = (address: number): number => address >>> 16
  const second = (block: number, address: number): number => block / wordBytes + ((address >>> 8) & 0xff)
  const third = (block: number, address: number): number => block / wordBytes + (address & 0xff)

  /** The block that an entry leads to, with one more user; a leaf makes place for one that says the same. */
  const enterBlock = (at: number): number => {
    const before = entry(at)
    if (!isLeaf(before)) {
      counts[blockAt(before)] = word(counts, blockAt(before)) + 1
      return before
    }
    const block = pool.take()
    if (block === undefined) throw new RangeError('no block left')
    const place = placeOfBlock(block)
    entries.fill(before, place / wordBytes, place / wordBytes + blockLength)
    counts[block] = 1
    publish(entries, at, place)
    return place
  }

  /** One user less; a block without users has the same leaf everywhere. */
  const leaveBlock = (at: number): void => {
    const place = entry(at)
    const block = blockAt(place)
    const left = word(counts, block) - 1
    counts[block] = left
    if (left > 0) return
    publish(entries, at, entry(place / wordBytes))
    pool.give(block)
  }

  const paintEntries = (from: number, count: number, length: number, leaf: number): void => {
    for (let at = from; at < from + count; at++) {
      const before = entry(at)
      if (!isLeaf(before)) paintEntries(before / wordBytes, blockLength, length, leaf)
      else if (lengthOf(before) <= length) publish(entries, at, leaf)
    }
  }

  return {
    lookup: (address) => {
      let found = entry(first(address))
      if (!isLeaf(found)) found = entry(second(found, address))
      if (!isLeaf(found)) found = entry(third(found, address))
      return found
    },
    lacking: (address, length) => {
      if (length <= firstLevelBits) return 0
      const below = entry(first(address))
      if (isLeaf(below)) return length > secondLevelBits ? 2 : 1
      return length > secondLevelBits && isLeaf(entry(second(below, address))) ? 1 : 0
    },
    available: () => pool.available(),
    inUse: () => counts.length - pool.available(),
    enter: (address, length) => {
      if (length <= firstLevelBits) return
      const block = enterBlock(first(address))
      if (length > secondLevelBits) enterBlock(second(block, address))
    },
    leave: (address, length) => {
      if (length <= firstLevelBits) return
      if (length > secondLevelBits) leaveBlock(second(entry(first(address)), address))
      leaveBlock(first(address))
    },
    paint: (address, length, leaf) => {
      const at = first(address)
      if (length <= firstLevelBits) return paintEntries(at, 1 << (firstLevelBits - length), length, leaf)
      const block = entry(at)
      if (length <= secondLevelBits) {
        return paintEntries(second(block, address), 1 << (secondLevelBits - length), length, leaf)
      }
      return paintEntries(third(entry(second(block, address)), address), 1 << (32 - length), length, leaf)
    },
    clear: () => {
      for (let at = 0; at < 1 << firstLevelBits; at++) {
        const upper = entry(at)
        publish(entries, at, noRoute)
        if (isLeaf(upper)) continue
        for (let each = 0; each < blockLength; each++) {
          const lower = entry(upper / wordBytes + each)
          if (!isLeaf(lower)) pool.give(blockAt(lower))
        }
        pool.give(blockAt(upper))
      }
    },
  }
}
