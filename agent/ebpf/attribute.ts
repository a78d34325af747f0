/** Lays out `union bpf_attr` (linux/bpf.h): offsets stand beside the field that they are of, where a command is called. */
import type { BpfDescriptor, BpfReference } from '../../native/bpf.ts'
import { writeU32, writeU64 } from '../netlink/codec/byte-order.ts'

export interface Attribute {
  readonly bytes: Buffer
  /** What only the addon can write: addresses and descriptors. */
  readonly references: readonly BpfReference[]
}

/** Fields are written in any order; those that are not are 0. */
export interface AttributeBuilder extends Attribute {
  u32(at: number, value: number): AttributeBuilder
  u64(at: number, value: bigint): AttributeBuilder
  /** A field of 16 bytes, of which 15 are used: BPF_OBJ_NAME_LEN. */
  name(at: number, name: string): AttributeBuilder
  /** The address of a buffer, which must have room for what the kernel writes. */
  pointer(at: number, to: Uint8Array | undefined): AttributeBuilder
  descriptor(at: number, to: BpfDescriptor): AttributeBuilder
}

const nameLength = 15

/** What the kernel takes as a name: letters, digits, `_` and `.`; others become `_`. */
export const objectName = (name: string): string => name.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, nameLength)

export const attribute = (size: number): AttributeBuilder => {
  const bytes = Buffer.alloc(size)
  const references: BpfReference[] = []
  const builder: AttributeBuilder = {
    bytes,
    references,
    u32: (at, value) => {
      writeU32(bytes, value, at)
      return builder
    },
    u64: (at, value) => {
      writeU64(bytes, value, at)
      return builder
    },
    name: (at, name) => {
      bytes.write(objectName(name), at, 'latin1')
      return builder
    },
    pointer: (at, to) => {
      if (to !== undefined) references.push({ at, to })
      return builder
    },
    descriptor: (at, to) => {
      references.push({ at, to })
      return builder
    },
  }
  return builder
}
