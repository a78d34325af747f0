/**
 * Maps of the kernel's, as handles: `createMap` of a spec. Keys and values are bytes; what they mean is their user's business.
 * The kernel keeps a map as long as a descriptor, a pin or a loaded program has it.
 */
import { constants } from 'node:os'
import type { BpfDescriptor } from '../../native/bpf.ts'
import { writeU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { possibleCpuCount } from './cpus.ts'
import { BpfError } from './error.ts'
import { expectObject, readMapInfo } from './info.ts'
import { bpf, callBpf, command, openBpf, toBpfError, unlessAbsent } from './kernel.ts'
import { isPerCpu, type MapSpec, mapFlags, mapTypes, specOf, strideOf } from './map-spec.ts'

/** When an update is meant: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export const updateWhen = { always: 0n, absent: 1n, present: 2n } as const

export interface MapOptions {
  /** Path of the network namespace whose interfaces a devmap's values are indexes of. */
  readonly namespace?: string | undefined
}

/** Every call throws BpfError. */
export interface BpfMap {
  readonly spec: MapSpec
  readonly descriptor: BpfDescriptor
  /** Bytes of a value as it is read and written: of a per-CPU map those of all CPUs, each of `strideOf` (see per-cpu.ts). */
  readonly valueBytes: number
  /** A copy; undefined where there is none. */
  lookup(key: Uint8Array): Buffer | undefined
  /** EEXIST where it should be absent, ENOENT where it should be present, E2BIG where the map is full. */
  update(key: Uint8Array, value: Uint8Array, when?: keyof typeof updateWhen): void
  /** Whether there was one. Entries of arrays cannot be deleted: EINVAL. */
  delete(key: Uint8Array): boolean
  /** In no order of hashes. An entry that comes or goes meanwhile may be missed or seen twice; EAGAIN after twice as many as can be. */
  keys(): Generator<Buffer>
  entries(): Generator<readonly [key: Buffer, value: Buffer]>
  /** The values of a `mappable` array, each `strideOf` from the last, shared with programs. Outlives the handle. */
  memory(): ArrayBuffer
  /** Nobody changes it from outside any more (BPF_MAP_FREEZE). */
  freeze(): void
  close(): void
}

/** Throws BpfError: E2BIG or ENOMEM where it is too large, EINVAL where the spec contradicts itself, EPERM without the right to. */
export const createMap = (spec: MapSpec, options: MapOptions = {}): BpfMap => {
  // u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node, char map_name[16]
  const layout = attribute(72)
    .u32(0, mapTypes[spec.kind])
    .u32(4, spec.keyBytes)
    .u32(8, spec.valueBytes)
    .u32(12, spec.entries)
    .u32(16, mapFlags(spec))
    .name(28, spec.name)
  const descriptor = openBpf(command.mapCreate, { attribute: layout, operation: 'map create', subject: spec.name })
  return mapOf(descriptor, spec, options)
}

/** A map that was found (pinned, by another process): the kernel says what it is. Closes the descriptor where it cannot be used. */
export const adoptMap = (descriptor: BpfDescriptor, subject: string, options: MapOptions = {}): BpfMap => {
  try {
    expectObject(descriptor, 'map', subject)
    const info = readMapInfo(descriptor, subject)
    const spec = specOf(info)
    if (spec) return mapOf(descriptor, spec, options)
    throw new BpfError({
      errno: constants.errno.EINVAL,
      operation: 'map adopt',
      subject,
      explanation: `unknown kind ${info.type}`,
    })
  } catch (error) {
    descriptor.close()
    throw error
  }
}

const mapOf = (descriptor: BpfDescriptor, spec: MapSpec, { namespace }: MapOptions): BpfMap => {
  const valueBytes = isPerCpu(spec.kind) ? strideOf(spec) * possibleCpuCount() : spec.valueBytes

  /** The kernel reads and writes as many bytes as the map's sizes say: shorter buffers would be overrun. */
  const sized = (bytes: Uint8Array, size: number, what: string): Uint8Array => {
    if (bytes.length === size) return bytes
    throw new RangeError(`${what} of ${bytes.length} bytes, the map ${spec.name} has ${size}`)
  }

  // u32 map_fd, padding, u64 key, u64 value or next_key, u64 flags
  const element = (number: number, operation: string, key: Uint8Array | undefined, value?: Uint8Array, flags = 0n) => {
    const layout = attribute(32).descriptor(0, descriptor).pointer(8, key).pointer(16, value).u64(24, flags)
    // Only a devmap looks interfaces up, and a thread a call is too much for others.
    const where = number === command.mapUpdate && spec.kind.startsWith('devmap') ? namespace : undefined
    callBpf(number, { attribute: layout, operation, subject: spec.name, namespace: where })
  }

  const map: BpfMap = {
    spec,
    descriptor,
    valueBytes,

    lookup: (key) => {
      sized(key, spec.keyBytes, 'a key')
      const value = Buffer.alloc(valueBytes)
      return unlessAbsent(() => {
        element(command.mapLookup, 'map lookup', key, value)
        return value
      })
    },

    update: (key, value, when = 'always') => {
      sized(key, spec.keyBytes, 'a key')
      sized(value, valueBytes, 'a value')
      element(command.mapUpdate, 'map update', key, value, updateWhen[when])
    },

    delete: (key) => {
      sized(key, spec.keyBytes, 'a key')
      return (
        unlessAbsent(() => {
          element(command.mapDelete, 'map delete', key)
          return true
        }) ?? false
      )
    },

    *keys() {
      let key: Buffer | undefined
      // A key that is deleted meanwhile starts the walk through a hash anew.
      for (let left = 2 * spec.entries; ; left--) {
        const next = Buffer.alloc(spec.keyBytes)
        const last = key
        key = unlessAbsent(() => {
          element(command.mapNextKey, 'map next key', last, next)
          return next
        })
        if (key === undefined) return
        if (left === 0) {
          throw new BpfError({
            errno: constants.errno.EAGAIN,
            operation: 'map iterate',
            subject: spec.name,
            explanation: 'it changes too fast',
          })
        }
        // A copy: what the reader does with it must not change where the walk goes on.
        yield Buffer.from(key)
      }
    },

    *entries() {
      for (const key of map.keys()) {
        const value = map.lookup(key)
        if (value) yield [key, value]
      }
    },

    memory: () => {
      try {
        return bpf().mapMemory(descriptor, strideOf(spec) * spec.entries)
      } catch (error) {
        throw toBpfError(error, 'map memory', spec.name)
      }
    },

    freeze: () => {
      const layout = attribute(4).descriptor(0, descriptor)
      callBpf(command.mapFreeze, { attribute: layout, operation: 'map freeze', subject: spec.name })
    },

    close: () => descriptor.close(),
  }
  return map
}

/** An index of an array, as its key. */
export const indexKey = (index: number): Buffer => {
  const key = Buffer.alloc(4)
  writeU32(key, index, 0)
  return key
}
