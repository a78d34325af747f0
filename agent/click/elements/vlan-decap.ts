import { vlanDecap as of } from '../../../click/elements/vlan-decap.ts'
import { jne, label, ldx, st, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, copyBytes, loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'

const tag = annotationSlot(20)

/** A packet that ends within the tag has none. */
export const vlanDecap = compileElement(of, {
  compile: ({ values, packet, output, newLabel }) => {
    const untagged = newLabel('untagged')
    const reached = reach(packet, 16, untagged, newLabel)
    const at = packet.offset
    return [
      reached.code,
      ldx('u16', 'r0', 'r7', at + 12),
      jne('r0', loaded(bytes16(values.ETHERTYPE)), untagged),
      values.ANNO ? [ldx('u16', 'r0', 'r7', at + 14), stx('u16', 'r10', tag, 'r0')] : [],
      // From the end, as they overlap.
      [8, 4, 0].map((k) => copyBytes(at + 4 + k, at + k, 4)),
      output(0, { ...reached.packet, offset: at + 4, mac: at + 4 }),
      label(untagged),
      values.ANNO ? st('u16', 'r10', tag, 0) : [],
      output(0, { ...unreached(packet), mac: at }),
    ]
  },
  modifies: true,
})
