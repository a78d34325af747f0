/** ToIngress, by bpf_redirect: through no queueing discipline. In XDP there is no such way, and none for copies, which their originals may overtake. */
import { toIngress as of } from '../../../click/elements/to-ingress.ts'
import { call, mov } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { noteEtherType } from '../compile/ether-type.ts'
import { dropFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

/** BPF_F_INGRESS */
const ingress = 1
const etherBytes = 14

export const toIngress = compileElement(of, {
  slots: () => ({ count: 0n }),
  compile: ({ values, packet, isCopy, device, dropLabel, finish, newLabel, refuse, slot }) => {
    if (packet.hook === 'xdp') return refuse('the ingress of an interface, in XDP,')
    if (isCopy) return refuse('the ingress of an interface for a copy of a packet')
    const index = device(values.DEVNAME)
    const failed = dropLabel(unreached(packet))
    const whole = { ...unreached(packet), offset: 0 }
    return [
      packet.offset === 0 ? [] : [mov('r2', packet.offset), dropFront(packet, failed).code],
      reach(whole, etherBytes, failed, newLabel).code,
      noteEtherType(whole, failed, newLabel),
      countIn(slot('count')),
      mov('r1', index),
      mov('r2', ingress),
      call('redirect'),
      finish(),
    ]
  },
  modifies: true,
  handlers: { count: readSlot('count'), reset_counts: clearSlots('count') },
})
