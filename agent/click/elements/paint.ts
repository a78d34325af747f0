import { paint as of } from '../../../click/elements/paint.ts'
import { stx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { loadSlot } from '../compile/state.ts'
import { colorHandlers, colorSlots } from './color.ts'

export const paint = compileElement(of, {
  slots: colorSlots,
  settings: ['color'],
  compile: ({ values, packet, output, slot }) => [
    loadSlot('r0', slot('color')),
    stx('u8', 'r10', annotationSlot(values.ANNO), 'r0'),
    output(0, packet),
  ],
  modifies: false,
  takesTag: true,
  handlers: colorHandlers,
})
