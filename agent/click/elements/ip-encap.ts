import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { ipEncap as of } from '../../../click/elements/ip-encap.ts'
import { compileElement } from '../compile/element.ts'
import { unreached } from '../compile/packet.ts'
import { pushTunnel } from '../compile/tunnel.ts'
import { swapOnly } from '../handlers.ts'
import { ipBytes, writeIpHeader } from './tunnel/ip-header.ts'

/** IP and IPv6 in IP. */
const inIp: readonly number[] = [4, 41]

/** Identifications are counted from 0. A packet of another protocol that the kernel is still to segment (GSO) is dropped: its segments would be wrong. */
export const ipEncap = compileElement(of, {
  slots: () => ({ identification: 0n }),
  compile: (site) => {
    const { values, packet, output, dropLabel, slot } = site
    const { PROTO, SRC, DST, TTL, TOS, DSCP = 0, ECT = 0, CE, DF } = values
    const kind = inIp.includes(PROTO) ? 'ip' : 'other'
    const failed = dropLabel(unreached(packet))
    const pushed = pushTunnel(packet, { kind, bytes: ipBytes, carries: 'ip' }, site, failed)
    // 1 asks for ECT(1), which is 1, and 2 for ECT(0), which is 2.
    const service = TOS ?? (DSCP << 2) | ECT | (CE ? 3 : 0)
    return [
      pushed.code,
      writeIpHeader(pushed.packet, {
        service,
        identification: slot('identification'),
        dontFragment: DF,
        ttl: TTL,
        protocol: PROTO,
        source: SRC,
        destination: DST,
      }),
      output(0, { ...pushed.packet, network: pushed.packet.offset }),
    ]
  },
  modifies: true,
  handlers: {
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    dst: {
      read: (_, { values }) => (values.DST === 'DST_ANNO' ? values.DST : formatIpAddress(values.DST)),
      ...swapOnly,
    },
  },
})
