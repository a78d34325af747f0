/** Of the annotations of the packet that it is the answer to, or a query for, an ARP packet has the VLAN tag alone. */
import { st } from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { annotationSlot, packetType, packetTypeSlot } from '../../compile/stack.ts'

const otherAnnotations = [0, 4, 8, 12, 16, 24, 28, 32, 36, 40, 44]

export const freshAnnotations: Code = [
  otherAnnotations.map((offset) => st('u32', 'r10', annotationSlot(offset), 0)),
  st('u64', 'r10', packetTypeSlot, packetType.host),
]
