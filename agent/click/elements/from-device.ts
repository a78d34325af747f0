/**
 * FromDevice: where packets of an interface enter. Each has a program of its own at the ingress of its interface, which takes every packet: what
 * the configuration does not send on is dropped. PROMISC changes nothing: the mode of the interface is not ours.
 */
import { fromDevice as of } from '../../../click/elements/from-device.ts'
import { compileElement } from '../compile/element.ts'
import { lostSlotName } from '../compile/roots.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'
import { unsupportedOfDevice } from './devices.ts'

export const fromDevice = compileElement(of, {
  slots: () => ({ count: 0n, [lostSlotName]: 0n }),
  unsupported: ({ values }) => {
    if (values.SNIFFER) return 'SNIFFER true'
    if (!values.ACTIVE) return 'ACTIVE false'
    if (values.FORCE_IP) return 'FORCE_IP true'
    if (values.OUTBOUND) return 'OUTBOUND true'
    if (values.PROTOCOL !== 0) return 'PROTOCOL'
    if (values.BPF_FILTER !== '') return 'BPF_FILTER'
    return unsupportedOfDevice(values)
  },
  compile: ({ output, packet, slot }) => [countIn(slot('count')), output(0, packet)],
  modifies: false,
  takesTag: true,
  handlers: { count: readSlot('count'), lost: readSlot(lostSlotName), reset_counts: clearSlots('count', lostSlotName) },
})
