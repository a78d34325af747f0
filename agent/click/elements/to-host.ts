/**
 * ToHost: packets go to the host's stack at once, by the interface that they came by where that is possible, else by the queue of the processor
 * for the interface (`compile/host.ts`). In XDP, by the interface that they came by alone, and as the host's own where they are no broadcast.
 * `drops` is 0: a packet has always come by some device.
 */
import { toHost as of } from '../../../click/elements/to-host.ts'
import { writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { toHost as handOver } from '../compile/host.ts'
import { reach, unreached } from '../compile/packet.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

/** Before IP packets, since devices take frames: no addresses, and their type. */
const etherHeader = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00]

export const toHost = compileElement(of, {
  slots: () => ({ count: 0n }),
  unsupported: ({ values: { SNIFFERS, ALLOW_NONEXISTENT } }) =>
    SNIFFERS ? 'SNIFFERS true' : ALLOW_NONEXISTENT ? 'ALLOW_NONEXISTENT true' : undefined,
  compile: (site) => {
    const { values, packet, dropLabel, newLabel, slot } = site
    const count = countIn(slot('count'))
    if (values.TYPE === 'ETHER') return [count, handOver(site, values.DEVNAME)]
    const pushed = pushFront(packet, etherHeader.length, dropLabel(unreached(packet)))
    const failed = dropLabel(unreached(pushed.packet))
    const reached = reach(pushed.packet, etherHeader.length, failed, newLabel)
    return [
      pushed.code,
      reached.code,
      writeBytes(pushed.packet.offset, etherHeader),
      count,
      handOver({ ...site, packet: reached.packet }, values.DEVNAME),
    ]
  },
  modifies: ({ values }) => values.TYPE === 'IP',
  takesTag: ({ values }) => values.TYPE === 'ETHER',
  handlers: { count: readSlot('count'), drops: { read: () => '0' }, reset_counts: clearSlots('count') },
})
