import { stripIpHeader as of } from '../../../click/elements/strip-ip-header.ts'
import { and, jeq, jlt, label, ldx, lsh, mov, sub } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { dropFront, pullFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { networkHeader } from './network-header.ts'

/**
 * Where the header has options, the frame loses as many bytes at its front, so that what follows the header is always at the same place.
 * Where the network header is, is not known after.
 */
export const stripIpHeader = compileElement(of, {
  compile: (site) => {
    const { packet, output, dropLabel, newLabel } = site
    const at = networkHeader(site)
    const drop = dropLabel(unreached(packet))
    const plain = newLabel('plain')
    const reached = reach(packet, at + 20 - packet.offset, drop, newLabel)
    const stripped = pullFront({ ...site, packet: unreached(packet) }, at + 20 - packet.offset)
    return [
      reached.code,
      ldx('u8', 'r8', 'r7', at),
      and('r8', 15),
      lsh('r8', 2),
      jlt('r8', 20, drop),
      jeq('r8', 20, plain),
      mov('r2', 'r8'),
      sub('r2', 20),
      dropFront(packet, drop).code,
      label(plain),
      stripped.code,
      output(0, { ...stripped.packet, network: undefined, mac: undefined }),
    ]
  },
  modifies: true,
})
