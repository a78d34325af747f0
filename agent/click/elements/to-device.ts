/**
 * ToDevice: sends packets out of an interface, through its queueing discipline, as they come: nothing pulls. A packet that the host sends out of this
 * very interface (FromHost) goes on its way. `count` has what was handed to the interface; what its discipline drops is counted there, and `drops`
 * is 0.
 */
import { toDevice as of } from '../../../click/elements/to-device.ts'
import { call, mov } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { dropFront } from '../compile/geometry.ts'
import { unreached } from '../compile/packet.ts'
import { countIn } from '../compile/state.ts'
import { liftTag } from '../compile/tags.ts'
import { verdict } from '../compile/verdict.ts'
import { clearSlots, readSlot } from '../handlers.ts'
import { unsupportedOfDevice } from './devices.ts'

export const toDevice = compileElement(of, {
  slots: () => ({ count: 0n }),
  unsupported: ({ values }) => (values.NO_PAD ? unsupportedOfDevice(values) : 'NO_PAD false'),
  compile: ({ values, packet, isCopy, at, device, drop, dropLabel, finish, newLabel, refuse, slot }) => {
    const index = device(values.DEVNAME)
    const isOnItsWay = at.direction === 'egress' && at.device === values.DEVNAME
    // A clone would meet the program again.
    if (isOnItsWay && isCopy) return refuse('a copy to the device that the packet is on its way to')
    const front = packet.offset === 0 ? [] : [mov('r2', packet.offset), dropFront(packet, dropLabel(packet)).code]
    const whole = packet.offset === 0 ? packet : { ...unreached(packet), offset: 0 }
    // A device is to know a tagged frame for what it is.
    const lifted = isCopy ? [] : liftTag(whole, dropLabel(packet), newLabel, true).code
    const send = isCopy
      ? [mov('r1', 'r6'), mov('r2', index), mov('r3', 0), call('cloneRedirect'), drop(packet)]
      : isOnItsWay
        ? [mov('r0', verdict.tc.pass), finish()]
        : [mov('r1', index), mov('r2', 0), call('redirect'), finish()]
    return [front, lifted, countIn(slot('count')), send]
  },
  modifies: false,
  takesTag: true,
  handlers: { count: readSlot('count'), drops: { read: () => '0' }, reset_counts: clearSlots('count') },
})
