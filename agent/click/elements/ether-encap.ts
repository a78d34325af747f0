import { formatEtherAddress } from '../../../click/arguments/addresses.ts'
import { etherEncap as of } from '../../../click/elements/ether-encap.ts'
import { bytes16, writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { swapOnly } from '../handlers.ts'

export const etherEncap = compileElement(of, {
  compile: ({ values, packet, output, dropLabel, newLabel }) => {
    const pushed = pushFront(packet, 14, dropLabel(unreached(packet)))
    const failed = dropLabel(unreached(pushed.packet))
    const reached = reach(pushed.packet, 14, failed, newLabel)
    const at = pushed.packet.offset
    const header = [...values.DST, ...values.SRC, ...bytes16(values.ETHERTYPE)]
    return [pushed.code, reached.code, writeBytes(at, header), output(0, { ...reached.packet, mac: at })]
  },
  modifies: true,
  handlers: {
    src: { read: (_, { values }) => formatEtherAddress(values.SRC), ...swapOnly },
    dst: { read: (_, { values }) => formatEtherAddress(values.DST), ...swapOnly },
    ethertype: { read: (_, { values }) => `${values.ETHERTYPE}`, ...swapOnly },
  },
})
