/** VXLANEncap. A packet without a whole Ethernet header is dropped. */
import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { vxlanEncap as of } from '../../../click/elements/vxlan-encap.ts'
import { add, be, mov, stx, sub } from '../../ebpf/asm/asm.ts'
import { bytes16 } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { loadLength, unreached } from '../compile/packet.ts'
import { swapOnly } from '../handlers.ts'
import { flowOf } from './tunnel/flow.ts'
import { ipBytes } from './tunnel/ip-header.ts'
import { encapsulate, protocols } from './tunnel/outer.ts'

/** That there is a VNI. */
const flags = 0x08

export const vxlanEncap = compileElement(of, {
  compile: (site) => {
    const { VNI, SRC, DST, SPORT, DPORT, TTL } = site.values
    const vni = [(VNI >>> 16) & 255, (VNI >>> 8) & 255, VNI & 255]
    const ports = SPORT.highest - SPORT.lowest + 1
    const outer = { source: SRC, destination: DST, protocol: protocols.udp, ttl: TTL }
    const header = [...bytes16(SPORT.lowest), ...bytes16(DPORT), 0, 0, 0, 0, flags, 0, 0, 0, ...vni, 0]
    return [
      ports === 1 ? mov('r8', 0) : flowOf(site, ports, site.dropLabel(unreached(site.packet))),
      encapsulate(
        { ...site, packet: unreached(site.packet) },
        outer,
        { kind: 'udp', carries: 'ethernet' },
        header,
        (packet, at) => [
          ports === 1 ? [] : [add('r8', SPORT.lowest), be('r8', 16), stx('u16', 'r7', at, 'r8')],
          loadLength('r0', packet),
          sub('r0', ipBytes),
          be('r0', 16),
          stx('u16', 'r7', at + 4, 'r0'),
        ],
      ),
    ]
  },
  modifies: true,
  takesTag: true,
  handlers: {
    vni: { read: (_, { values }) => `${values.VNI}`, ...swapOnly },
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    dst: { read: (_, { values }) => formatIpAddress(values.DST), ...swapOnly },
  },
})
