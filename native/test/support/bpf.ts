/** As much of bpf(2) as tests of the call need; the product's own layouts are agent/ebpf. Little-endian hosts. */
import { type BpfDescriptor, type BpfOptions, loadBpf } from '../../bpf.ts'

export const BPF_MAP_CREATE = 0
export const BPF_MAP_LOOKUP_ELEM = 1
export const BPF_MAP_UPDATE_ELEM = 2
export const BPF_PROG_LOAD = 5
export const BPF_OBJ_GET_INFO_BY_FD = 15
export const BPF_MAP_TYPE_ARRAY = 2
export const BPF_MAP_TYPE_DEVMAP = 14
const BPF_F_MMAPABLE = 0x400

export const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4)
  })
  return bytes
}

export interface MapShape {
  readonly type?: number
  readonly valueBytes?: number
  readonly entries?: number
  readonly shared?: boolean
}

/** map_type, key_size, value_size, max_entries, map_flags */
export const createMap = (shape: MapShape = {}): BpfDescriptor => {
  const { type = BPF_MAP_TYPE_ARRAY, valueBytes = 8, entries = 4, shared = false } = shape
  return loadBpf().open(BPF_MAP_CREATE, words(type, 4, valueBytes, entries, shared ? BPF_F_MMAPABLE : 0))
}

/** u32 map_fd, padding, u64 key, u64 value, u64 flags */
const element = (
  command: number,
  map: BpfDescriptor,
  key: Uint8Array,
  value: Uint8Array,
  options: BpfOptions = {},
): void => {
  const references = [
    { at: 0, to: map },
    { at: 8, to: key },
    { at: 16, to: value },
  ]
  loadBpf().call(command, Buffer.alloc(32), references, options)
}

export const update = (map: BpfDescriptor, key: number, value: Uint8Array, options: BpfOptions = {}): void =>
  element(BPF_MAP_UPDATE_ELEM, map, words(key), value, options)

export const lookup = (map: BpfDescriptor, key: number, valueBytes = 8): Buffer => {
  const value = Buffer.alloc(valueBytes)
  element(BPF_MAP_LOOKUP_ELEM, map, words(key), value)
  return value
}

/** A reason to skip: bpf(2) is root's. */
export const bpfProblem = (): string | false => {
  if (process.getuid?.() !== 0) return 'needs root'
  try {
    createMap().close()
    return false
  } catch (error) {
    return (error as Error).message
  }
}
