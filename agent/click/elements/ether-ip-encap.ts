import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { etherIpEncap as of } from '../../../click/elements/ether-ip-encap.ts'
import { compileElement } from '../compile/element.ts'
import { swapOnly } from '../handlers.ts'
import { etherIpHeader } from './tunnel/ether-ip.ts'
import { encapsulate, protocols } from './tunnel/outer.ts'

export const etherIpEncap = compileElement(of, {
  compile: (site) => {
    const { SRC, DST, TTL } = site.values
    const outer = { source: SRC, destination: DST, protocol: protocols.etherIp, ttl: TTL }
    return encapsulate(site, outer, { kind: 'ip', carries: 'ethernet' }, etherIpHeader)
  },
  modifies: true,
  handlers: {
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    dst: { read: (_, { values }) => formatIpAddress(values.DST), ...swapOnly },
  },
})
