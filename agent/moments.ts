/**
 * A map of which any moment can be kept. `moment()` costs the same however much is in it, and what is changed afterwards leaves the moments alone: entries
 * lie in shards, and a shard that a moment has is copied before it is changed.
 */
export interface Lookup<K, V> {
  get(key: K): V | undefined
  has(key: K): boolean
  /** All of them: costs what there is. */
  values(): Iterable<V>
  keys(): Iterable<K>
}

export interface MomentMap<K, V> extends Lookup<K, V> {
  set(key: K, value: V): void
  delete(key: K): void
  /** As it is now, for ever. */
  moment(): Lookup<K, V>
}

/** Of some thousands of entries a shard has a dozen. */
const shardCount = 256

/** FNV-1a over UTF-16 units, folded: names differ in their last letters. */
const shardOf = (key: string | number): number => {
  if (typeof key === 'number') return key & (shardCount - 1)
  let hash = 0x811c9dc5
  for (let position = 0; position < key.length; position++) {
    hash = Math.imul(hash ^ key.charCodeAt(position), 0x01000193)
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (shardCount - 1)
}

type Shards<K, V> = readonly ReadonlyMap<K, V>[]

const lookup = <K extends string | number, V>(shards: Shards<K, V>): Lookup<K, V> => ({
  get: (key) => shards[shardOf(key)]?.get(key),
  has: (key) => shards[shardOf(key)]?.has(key) ?? false,
  *values() {
    for (const shard of shards) yield* shard.values()
  },
  *keys() {
    for (const shard of shards) yield* shard.keys()
  },
})

export const momentMap = <K extends string | number, V>(): MomentMap<K, V> => {
  const shards: Map<K, V>[] = Array.from({ length: shardCount }, () => new Map())
  /** Shards that the last moment has. */
  let shared = new Uint8Array(shardCount)
  let last: Lookup<K, V> | undefined

  const own = (key: K): Map<K, V> => {
    const number = shardOf(key)
    let shard = shards[number] ?? new Map<K, V>()
    if (shared[number] === 1) {
      shard = new Map(shard)
      shared[number] = 0
    }
    shards[number] = shard
    last = undefined
    return shard
  }

  return {
    ...lookup(shards),
    set: (key, value) => void own(key).set(key, value),
    delete: (key) => {
      if (shards[shardOf(key)]?.has(key)) own(key).delete(key)
    },
    moment: () => {
      if (last === undefined) {
        last = lookup([...shards])
        shared = new Uint8Array(shardCount).fill(1)
      }
      return last
    },
  }
}
