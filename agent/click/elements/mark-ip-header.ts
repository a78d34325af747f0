import { markIpHeader as of } from '../../../click/elements/mark-ip-header.ts'
import { compileElement } from '../compile/element.ts'
import { mostOffset } from '../compile/geometry.ts'

export const markIpHeader = compileElement(of, {
  compile: ({ values, packet, output, refuse }) => {
    const network = packet.offset + values.OFFSET
    if (network > mostOffset) return refuse(`a header ${network} bytes into a frame`)
    return output(0, { ...packet, network })
  },
  modifies: false,
})
