/** TrafficClass: the number goes to skb->priority, which classful queueing disciplines look at. An XDP program sends past all of them. */
import { trafficClass as of } from '../../../click/elements/traffic-class.ts'
import { mov32, stx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { skb } from '../compile/packet.ts'
import { swapOnly } from '../handlers.ts'

export const trafficClass = compileElement(of, {
  compile: ({ values, packet, output, refuse }) => {
    if (packet.hook === 'xdp') return refuse('a traffic class, in XDP,')
    return [mov32('r0', values.CLASSID | 0), stx('u32', 'r6', skb.priority, 'r0'), output(0, packet)]
  },
  modifies: false,
  takesTag: true,
  handlers: {
    classid: {
      read: (_, { values: { CLASSID } }) => `${(CLASSID >>> 16).toString(16)}:${(CLASSID & 0xffff).toString(16)}`,
      ...swapOnly,
    },
  },
})
