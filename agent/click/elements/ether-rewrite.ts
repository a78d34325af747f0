import { formatEtherAddress } from '../../../click/arguments/addresses.ts'
import { etherRewrite as of } from '../../../click/elements/ether-rewrite.ts'
import { writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { swapOnly } from '../handlers.ts'

/** Where the MAC header is, which may have been stripped. */
export const etherRewrite = compileElement(of, {
  compile: ({ values, packet, output, dropLabel, newLabel, refuse }) => {
    const at = packet.mac ?? refuse('a packet without an Ethernet header')
    const reached = reach(packet, at + 12 - packet.offset, dropLabel(unreached(packet)), newLabel)
    return [reached.code, writeBytes(at, [...values.DST, ...values.SRC]), output(0, reached.packet)]
  },
  readsMac: true,
  modifies: true,
  takesTag: true,
  handlers: {
    src: { read: (_, { values }) => formatEtherAddress(values.SRC), ...swapOnly },
    dst: { read: (_, { values }) => formatEtherAddress(values.DST), ...swapOnly },
  },
})
