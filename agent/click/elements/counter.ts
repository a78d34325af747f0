/** Counter. Its rates are not supported. */
import { counter as of } from '../../../click/elements/counter.ts'
import { compileElement } from '../compile/element.ts'
import { loadLength } from '../compile/packet.ts'
import { addIn, countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

export const counter = compileElement(of, {
  slots: () => ({ count: 0n, byte_count: 0n }),
  compile: ({ packet, output, slot }) => [
    countIn(slot('count')),
    loadLength('r0', packet),
    addIn(slot('byte_count'), 'r0'),
    output(0, packet),
  ],
  modifies: false,
  handlers: {
    count: readSlot('count'),
    byte_count: readSlot('byte_count'),
    reset: clearSlots('count', 'byte_count'),
    reset_counts: clearSlots('count', 'byte_count'),
  },
})
