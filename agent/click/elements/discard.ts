import { discard as of } from '../../../click/elements/discard.ts'
import { compileElement } from '../compile/element.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

/** Nothing pulls, so that there is nothing for ACTIVE to stop; BURST changes nothing. */
export const discard = compileElement(of, {
  slots: () => ({ count: 0n }),
  unsupported: ({ values: { ACTIVE } }) => (ACTIVE ? undefined : 'ACTIVE false'),
  compile: ({ packet, drop, slot }) => [countIn(slot('count')), drop(packet)],
  modifies: false,
  handlers: { count: readSlot('count'), reset_counts: clearSlots('count') },
})
