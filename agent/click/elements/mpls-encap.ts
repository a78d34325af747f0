import { mplsEncap as of } from '../../../click/elements/mpls-encap.ts'
import { bytes32, writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { swapOnly } from '../handlers.ts'
import { entryBytes, entryOf } from './tunnel/mpls.ts'

/** The kernel is told nothing: to it all before the IP header within is the header of a frame, which each segment gets as it is. */
export const mplsEncap = compileElement(of, {
  compile: ({ values, packet, output, dropLabel, newLabel }) => {
    const pushed = pushFront(packet, entryBytes, dropLabel(unreached(packet)))
    const reached = reach(pushed.packet, entryBytes, dropLabel(unreached(pushed.packet)), newLabel)
    const { LABEL: label, TC: trafficClass, TTL: ttl, BOTTOM: bottom } = values
    return [
      pushed.code,
      reached.code,
      writeBytes(pushed.packet.offset, bytes32(entryOf({ label, trafficClass, ttl, bottom }))),
      output(0, { ...reached.packet, network: undefined, mac: undefined }),
    ]
  },
  modifies: true,
  handlers: { label: { read: (_, { values }) => `${values.LABEL}`, ...swapOnly } },
})
