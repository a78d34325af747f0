import { checkPaint as of } from '../../../click/elements/check-paint.ts'
import { jne, ldx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { loadSlot } from '../compile/state.ts'
import { colorHandlers, colorSlots } from './color.ts'

export const checkPaint = compileElement(of, {
  slots: colorSlots,
  settings: ['color'],
  compile: ({ values, packet, output, outputLabel, slot }) => [
    loadSlot('r0', slot('color')),
    ldx('u8', 'r1', 'r10', annotationSlot(values.ANNO)),
    jne('r0', 'r1', outputLabel(1, packet)),
    output(0, packet),
  ],
  modifies: false,
  takesTag: true,
  handlers: colorHandlers,
})
