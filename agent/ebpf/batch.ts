/** Many entries of a map in one call (BPF_MAP_UPDATE_BATCH, BPF_MAP_LOOKUP_BATCH), one by one where the kernel has none for its kind. */
import { readU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { BpfError } from './error.ts'
import { callBpf, command } from './kernel.ts'
import type { BpfMap } from './map.ts'

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Entries a call: what it copies stays within a few MiB, and other calls get their turn. */
const batchLength = 4096

/** ENOTSUPP and EOPNOTSUPP: no batches for this kind; EINVAL: not of this command. */
const lacksBatches = (error: unknown): boolean =>
  error instanceof BpfError && ['ENOTSUPP', 'EOPNOTSUPP', 'EINVAL'].includes(error.code)

/** u64 in_batch, out_batch, keys, values; u32 count, map_fd; u64 elem_flags, flags */
const batchAttribute = (map: BpfMap, keys: Buffer, values: Buffer, count: number) =>
  attribute(56).pointer(16, keys).pointer(24, values).u32(32, count).descriptor(36, map.descriptor)

/** Writes entries, in order; those before one that fails are written. Throws BpfError (E2BIG: the map is full). */
export const updateAll = (map: BpfMap, entries: readonly Entry[]): void => {
  const { keyBytes } = map.spec
  for (let from = 0; from < entries.length; from += batchLength) {
    const part = entries.slice(from, from + batchLength)
    const keys = Buffer.alloc(part.length * keyBytes)
    const values = Buffer.alloc(part.length * map.valueBytes)
    part.forEach(([key, value], index) => {
      if (key.length !== keyBytes || value.length !== map.valueBytes) {
        throw new RangeError(`the map ${map.spec.name} has keys of ${keyBytes} bytes and values of ${map.valueBytes}`)
      }
      keys.set(key, index * keyBytes)
      values.set(value, index * map.valueBytes)
    })
    const layout = batchAttribute(map, keys, values, part.length)
    try {
      callBpf(command.mapUpdateBatch, { attribute: layout, operation: 'map update', subject: map.spec.name })
    } catch (error) {
      if (!lacksBatches(error)) throw error
      for (const [key, value] of part) map.update(key, value)
    }
  }
}

/** All entries, as `map.entries()` gives them and faster. */
export const readAll = (map: BpfMap): readonly (readonly [key: Buffer, value: Buffer])[] => {
  const found: (readonly [Buffer, Buffer])[] = []
  // The cursor of hashes is a number, of others a key.
  let cursor: Buffer | undefined
  // A bucket of a hash comes whole: ENOSPC where it is longer than a batch.
  let length = Math.min(batchLength, Math.max(map.spec.entries, 1))
  for (;;) {
    const keys = Buffer.alloc(length * map.spec.keyBytes)
    const values = Buffer.alloc(length * map.valueBytes)
    const next = Buffer.alloc(Math.max(map.spec.keyBytes, 4))
    const layout = batchAttribute(map, keys, values, length).pointer(0, cursor).pointer(8, next)
    const failure = failureOf(() =>
      callBpf(command.mapLookupBatch, { attribute: layout, operation: 'map lookup', subject: map.spec.name }),
    )
    if (failure?.code === 'ENOSPC' && length < 2 * map.spec.entries) {
      length *= 2
      continue
    }
    if (failure !== undefined && failure.code !== 'ENOENT') {
      if (lacksBatches(failure)) return [...map.entries()]
      throw failure
    }
    const count = readU32(layout.bytes, 32)
    for (let index = 0; index < count; index++) {
      found.push([slice(keys, index, map.spec.keyBytes), slice(values, index, map.valueBytes)])
    }
    // ENOENT: these were the last.
    if (failure !== undefined) return found
    cursor = next
  }
}

const slice = (bytes: Buffer, index: number, size: number): Buffer => bytes.subarray(index * size, (index + 1) * size)

const failureOf = (run: () => unknown): BpfError | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof BpfError) return error
    throw error
  }
}
