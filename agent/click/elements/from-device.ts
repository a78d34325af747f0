/**
 * FromDevice: where packets of an interface enter. Each has a program of its own at the ingress of its interface, which takes every packet: what
 * the configuration does not send on is dropped. PROMISC changes nothing: the mode of the interface is not ours.
 */
import { fromDevice as of } from '../../../click/elements/from-device.ts'
import { compileElement } from '../compile/element.ts'
import { lostSlotName } from '../compile/roots.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

export const fromDevice = compileElement(of, {
  slots: () => ({ count: 0n, [lostSlotName]: 0n }),
  compile: ({ output, packet, slot }) => [countIn(slot('count')), output(0, packet)],
  modifies: false,
  handlers: { count: readSlot('count'), lost: readSlot(lostSlotName), reset_counts: clearSlots('count', lostSlotName) },
})
