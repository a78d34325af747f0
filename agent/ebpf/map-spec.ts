/** What a map is to be, as a value; `createMap` makes one. */

/** enum bpf_map_type, linux/bpf.h. */
export const mapTypes = {
  hash: 1,
  array: 2,
  'prog-array': 3,
  'percpu-hash': 5,
  'percpu-array': 6,
  'lru-hash': 9,
  'lru-percpu-hash': 10,
  'lpm-trie': 11,
  devmap: 14,
  'devmap-hash': 25,
  ringbuf: 27,
} as const

export type MapKind = keyof typeof mapTypes

export interface MapSpec {
  /** As instructions name it; of its first 15 letters the kernel knows. */
  readonly name: string
  readonly kind: MapKind
  /** 4 of arrays, 0 of a ring buffer. */
  readonly keyBytes: number
  /** Of one CPU. */
  readonly valueBytes: number
  /** Most entries; bytes of a ring buffer, a power of two and of whole pages. */
  readonly entries: number
  /** An array whose values can be mapped into this process (BPF_F_MMAPABLE). */
  readonly mappable?: boolean
  /** Hashes: memory is taken when an entry comes, not when the map is made; slower, and needed by `lpm-trie`. */
  readonly sparse?: boolean
  /** Programs cannot write (BPF_F_RDONLY_PROG). */
  readonly readOnlyProgram?: boolean
}

/** BPF_F_* of map creation, linux/bpf.h. */
const flag = { noPreallocation: 1, readOnlyProgram: 1 << 7, mappable: 1 << 10 } as const

export const mapFlags = ({ mappable, sparse, readOnlyProgram }: MapSpec): number =>
  (sparse ? flag.noPreallocation : 0) | (readOnlyProgram ? flag.readOnlyProgram : 0) | (mappable ? flag.mappable : 0)

const kindsByType: ReadonlyMap<number, MapKind> = new Map(
  Object.entries(mapTypes).map(([kind, type]) => [type, kind as MapKind]),
)

/** Of what the kernel says of a map; undefined where it is of a kind that is not used here. */
export const specOf = (
  info: Omit<MapSpec, 'kind'> & { readonly type: number; readonly flags: number },
): MapSpec | undefined => {
  const { type, flags, name, keyBytes, valueBytes, entries } = info
  const kind = kindsByType.get(type)
  return (
    kind && {
      name,
      kind,
      keyBytes,
      valueBytes,
      entries,
      ...((flags & flag.mappable) !== 0 ? { mappable: true } : {}),
      ...((flags & flag.noPreallocation) !== 0 ? { sparse: true } : {}),
      // The kernel sets it of all devmaps, whether asked to or not.
      ...((flags & flag.readOnlyProgram) !== 0 && !kind.startsWith('devmap') ? { readOnlyProgram: true } : {}),
    }
  )
}

export const isPerCpu = (kind: MapKind): boolean => kind.includes('percpu')

const align8 = (bytes: number): number => Math.ceil(bytes / 8) * 8

/** Bytes from a value to the next one, in the memory of an array and between the CPUs' values. */
export const strideOf = ({ valueBytes }: MapSpec): number => align8(valueBytes)
