import { paintSwitch as of } from '../../../click/elements/paint-switch.ts'
import { jeq, jne, label, ldx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { portsOf } from './ports.ts'

/** The color that goes to all outputs. */
const everywhere = 255

export const paintSwitch = compileElement(of, {
  compile: ({ values, packet, outputs, outputLabel, copy, drop, newLabel }) => {
    const other = newLabel('no_output')
    return [
      ldx('u8', 'r0', 'r10', annotationSlot(values.ANNO)),
      portsOf(Math.min(outputs, everywhere)).map((port) => jeq('r0', port, outputLabel(port, packet))),
      jne('r0', everywhere, other),
      copy(portsOf(outputs), packet),
      label(other),
      drop(packet),
    ]
  },
  modifies: false,
  resizes: true,
})
