/** Waits until no program runs any more that ran before: what took its place has seen every packet since, and its counts are final. */
import { writeU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { callBpf, command, openBpf } from './kernel.ts'
import { createMap, updateWhen } from './map.ts'

/** BPF_MAP_TYPE_ARRAY_OF_MAPS */
const arrayOfMaps = 12

/**
 * An update of a map of maps waits for a grace period of RCU on its way back (maybe_wait_bpf_programs, Linux 5.0), which is what is
 * wanted of it. Some tens of milliseconds. Throws BpfError.
 */
export const waitForPrograms = (): void => {
  const subject = 'weft_grace'
  const inner = createMap({ name: subject, kind: 'array', keyBytes: 4, valueBytes: 4, entries: 1 })
  try {
    // u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd
    const layout = attribute(72).u32(0, arrayOfMaps).u32(4, 4).u32(8, 4).u32(12, 1).descriptor(20, inner.descriptor)
    const outer = openBpf(command.mapCreate, { attribute: layout, operation: 'map create', subject })
    try {
      const value = Buffer.alloc(4)
      writeU32(value, inner.descriptor.number, 0)
      const element = attribute(32)
        .descriptor(0, outer)
        .pointer(8, Buffer.alloc(4))
        .pointer(16, value)
        .u64(24, updateWhen.always)
      callBpf(command.mapUpdate, { attribute: element, operation: 'map update', subject })
    } finally {
      outer.close()
    }
  } finally {
    inner.close()
  }
}
