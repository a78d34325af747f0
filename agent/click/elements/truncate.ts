import { truncate as of } from '../../../click/elements/truncate.ts'
import { add, jle, label, ldx, mov, stx, sub } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { frameLength } from '../compile/geometry.ts'
import { loadLength, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { swapOnly } from '../handlers.ts'

/** Bytes that were cut off are added here. */
const extraLength = annotationSlot(28)
/** The kernel makes no frame shorter than its Ethernet header. */
const leastFrame = 14
/** More than a packet ever has. */
const mostBytes = 1 << 24

export const truncate = compileElement(of, {
  compile: ({ values, packet, output, dropLabel, newLabel, refuse }) => {
    const bytes = Math.min(values.LENGTH, mostBytes)
    const end = packet.offset + bytes
    if (end < leastFrame) return refuse(`a frame of ${end} bytes`)
    const short = newLabel('short')
    return [
      loadLength('r0', packet),
      jle('r0', bytes, short),
      sub('r0', bytes),
      values.EXTRA_LENGTH
        ? [ldx('u32', 'r1', 'r10', extraLength), add('r1', 'r0'), stx('u32', 'r10', extraLength, 'r1')]
        : [],
      mov('r2', end),
      frameLength(packet, dropLabel(packet)),
      label(short),
      output(0, unreached(packet)),
    ]
  },
  modifies: true,
  resizes: true,
  handlers: { nbytes: { read: (_, { values }) => `${values.LENGTH}`, ...swapOnly } },
})
