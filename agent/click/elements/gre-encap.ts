import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { greEncap as of } from '../../../click/elements/gre-encap.ts'
import { bytes16, bytes32 } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { swapOnly } from '../handlers.ts'
import { greHeader } from './tunnel/gre.ts'
import { encapsulate, protocols } from './tunnel/outer.ts'

export const greEncap = compileElement(of, {
  compile: (site) => {
    const { SRC, DST, KEY, PROTOCOL, TTL } = site.values
    const outer = { source: SRC, destination: DST, protocol: protocols.gre, ttl: TTL }
    const header = [
      ...bytes16(KEY === undefined ? 0 : greHeader.key),
      ...bytes16(PROTOCOL),
      ...(KEY === undefined ? [] : bytes32(KEY)),
    ]
    return encapsulate(
      site,
      outer,
      { kind: 'gre', carries: PROTOCOL === greHeader.ethernet ? 'ethernet' : 'ip' },
      header,
    )
  },
  modifies: true,
  takesTag: ({ values }) => values.PROTOCOL === greHeader.ethernet,
  handlers: {
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    dst: { read: (_, { values }) => formatIpAddress(values.DST), ...swapOnly },
  },
})
