import { stripToNetworkHeader as of } from '../../../click/elements/strip-to-network-header.ts'
import { compileElement } from '../compile/element.ts'
import { pullFront } from '../compile/geometry.ts'
import { networkHeader } from './network-header.ts'

export const stripToNetworkHeader = compileElement(of, {
  compile: (site) => {
    const { packet, output } = site
    const bytes = networkHeader(site) - packet.offset
    if (bytes <= 0) return output(0, { ...packet, offset: packet.offset + bytes })
    const pulled = pullFront(site, bytes)
    return [pulled.code, output(0, pulled.packet)]
  },
  modifies: true,
})
