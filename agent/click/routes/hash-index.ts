/** Finds records by a key of two words: open addressing with linear probing, in memory that is given. */
import { word } from './words.ts'

export interface HashIndex {
  /** The number of the record with this key. */
  find(first: number, second: number): number | undefined
  /** The key is that of no record yet. */
  insert(first: number, second: number, record: number): void
  /** A key that is there. */
  remove(first: number, second: number): void
}

/** The keys of records that are in the index. */
export interface Keys {
  first(record: number): number
  second(record: number): number
}

/** MurmurHash3's finalizer over both words; the seed, a secret of the table's, keeps keys from being chosen to collide. */
const hash = (seed: number, first: number, second: number): number => {
  let mixed = Math.imul(first ^ seed, 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ second, 0xc2b2_ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x27d4_eb2f)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** `words`: a power of two of them, each 0 or a record's number and one; at most half of them are in use. */
export const hashIndexOf = (words: Uint32Array, seed: number, keys: Keys): HashIndex => {
  const mask = words.length - 1
  const homeOf = (first: number, second: number): number => hash(seed, first, second) & mask

  /** Where the record is, or the first place that is free. */
  const placeOf = (first: number, second: number): number => {
    let at = homeOf(first, second)
    for (let held = word(words, at); held !== 0; held = word(words, at)) {
      if (keys.first(held - 1) === first && keys.second(held - 1) === second) return at
      at = (at + 1) & mask
    }
    return at
  }

  return {
    find: (first, second) => {
      const held = word(words, placeOf(first, second))
      return held === 0 ? undefined : held - 1
    },
    insert: (first, second, record) => {
      words[placeOf(first, second)] = record + 1
    },
    remove: (first, second) => {
      let hole = placeOf(first, second)
      // What follows without a gap moves up where the hole lies between its home and its place.
      for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
        const held = word(words, at)
        if (held === 0) break
        const home = homeOf(keys.first(held - 1), keys.second(held - 1))
        if (((at - home) & mask) < ((at - hole) & mask)) continue
        words[hole] = held
        hole = at
      }
      words[hole] = 0
    },
  }
}
