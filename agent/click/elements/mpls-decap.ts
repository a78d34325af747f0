import { mplsDecap as of } from '../../../click/elements/mpls-decap.ts'
import { be, jne32, jset, jump, label, ldx, rsh } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { entryBytes } from './tunnel/mpls.ts'
import { within } from './tunnel/outer.ts'

const bottomBit = 1 << 8
const labelShift = 12

export const mplsDecap = compileElement(of, {
  compile: ({ values, packet, output, outputLabel, newLabel }) => {
    const other = outputLabel(1, unreached(packet))
    const bottom = newLabel('bottom')
    const reached = reach(packet, entryBytes, other, newLabel)
    return [
      reached.code,
      ldx('u32', 'r0', 'r7', packet.offset),
      be('r0', 32),
      jset('r0', bottomBit, bottom),
      jump(other),
      label(bottom),
      values.LABEL === undefined ? [] : [rsh('r0', labelShift), jne32('r0', values.LABEL, other)],
      output(0, within(reached.packet, entryBytes, 'ip')),
    ]
  },
  modifies: true,
})
