import { etherIpDecap as of } from '../../../click/elements/ether-ip-decap.ts'
import { jne, ldx } from '../../ebpf/asm/asm.ts'
import { loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { unreached } from '../compile/packet.ts'
import { etherIpHeader } from './tunnel/ether-ip.ts'
import { ipBytes } from './tunnel/ip-header.ts'
import { etherBytes, expectOuter, protocols, within } from './tunnel/outer.ts'

const bytes = ipBytes + etherIpHeader.length

export const etherIpDecap = compileElement(of, {
  compile: (site) => {
    const { packet, output, outputLabel } = site
    const other = outputLabel(1, unreached(packet))
    const outer = expectOuter(site, protocols.etherIp, bytes + etherBytes, other)
    return [
      outer.code,
      ldx('u16', 'r0', 'r7', packet.offset + ipBytes),
      jne('r0', loaded(etherIpHeader), other),
      output(0, within(outer.packet, bytes, 'ethernet')),
    ]
  },
  modifies: true,
})
