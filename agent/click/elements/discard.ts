import { discard as of } from '../../../click/elements/discard.ts'
import { jeq, label } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { countIn, loadSlot } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'
import { activeHandler, activeSlot } from './active.ts'

/** Nothing pulls: a packet that it does not take is dropped before it and does not count. BURST changes nothing. */
export const discard = compileElement(of, {
  slots: ({ values }) => ({ count: 0n, ...activeSlot(values) }),
  settings: ['active'],
  compile: ({ packet, drop, newLabel, slot }) => {
    const refused = newLabel('refused')
    return [loadSlot('r0', slot('active')), jeq('r0', 0, refused), countIn(slot('count')), label(refused), drop(packet)]
  },
  modifies: false,
  takesTag: true,
  handlers: { count: readSlot('count'), reset_counts: clearSlots('count'), ...activeHandler },
})
