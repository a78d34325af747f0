import { paintTee as of } from '../../../click/elements/paint-tee.ts'
import { jne, label, ldx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { loadSlot } from '../compile/state.ts'
import { colorHandlers, colorSlots } from './color.ts'

/** The copy, by output 1, goes before the packet itself, as in Click. */
export const paintTee = compileElement(of, {
  slots: colorSlots,
  settings: ['color'],
  compile: ({ values, packet, output, copy, newLabel, slot }) => {
    const other = newLabel('other_color')
    return [
      loadSlot('r0', slot('color')),
      ldx('u8', 'r1', 'r10', annotationSlot(values.ANNO)),
      jne('r0', 'r1', other),
      copy([1, 0], packet),
      label(other),
      output(0, packet),
    ]
  },
  modifies: false,
  resizes: true,
  handlers: colorHandlers,
})
