import { markIpHeader as of } from '../../../click/elements/mark-ip-header.ts'
import { compileElement } from '../compile/element.ts'

export const markIpHeader = compileElement(of, {
  compile: ({ values, packet, output }) => output(0, { ...packet, network: packet.offset + values.OFFSET }),
  modifies: false,
})
