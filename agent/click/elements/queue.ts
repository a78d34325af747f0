/**
 * Queue: where pushed packets would wait to be pulled. Nothing pulls here: a packet is followed through it at once, so that it is always empty
 * and drops nothing; packets wait in the queueing discipline of the interface that they leave by, whose length and drops are what counts.
 * Output 1, to which Click sends what does not fit, gets nothing, unless CAPACITY is 0.
 */
import { unsigned } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { queue as of } from '../../../click/elements/queue.ts'
import { compileElement } from '../compile/element.ts'
import { HandlerError, readSlot, swapOnly } from '../handlers.ts'

export const queue = compileElement(of, {
  slots: ({ values }) => ({ capacity: BigInt(values.CAPACITY) }),
  settings: ['capacity'],
  compile: ({ packet, output, values }) => output(values.CAPACITY > 0 ? 0 : 1, packet),
  modifies: false,
  takesTag: true,
  handlers: {
    length: { read: () => '0' },
    highwater_length: { read: () => '0' },
    capacity: {
      ...readSlot('capacity'),
      write: ({ set }, text, _, { values }) => {
        const capacity = unsigned.parse(text)
        if (isRefusal(capacity)) throw new HandlerError(capacity.refused)
        // It bounds nothing, but whether there is one at all is in the program.
        if (capacity > 0 !== values.CAPACITY > 0) return swapOnly.write()
        set('capacity', BigInt(capacity))
      },
    },
    drops: { read: () => '0' },
    reset_counts: { write: () => undefined },
    reset: { write: () => undefined },
  },
})
