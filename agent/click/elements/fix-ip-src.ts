import { fixIpSrc as of } from '../../../click/elements/fix-ip-src.ts'
import { and, jeq, jgt, jlt, label, ldx, lsh, st, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { bytes32, loaded, sumIpHeader } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { networkHeader } from './network-header.ts'

const fix = annotationSlot(19)

/** A packet that ends within the IP header, where its source is to be set, is dropped. */
export const fixIpSrc = compileElement(of, {
  compile: (site) => {
    const { values, packet, output, dropLabel, newLabel } = site
    const at = networkHeader(site)
    const right = newLabel('right')
    const drop = dropLabel(unreached(packet))
    return [
      ldx('u8', 'r0', 'r10', fix),
      jeq('r0', 0, right),
      st('u8', 'r10', fix, 0),
      reach(packet, at + 20 - packet.offset, drop, newLabel).code,
      ldx('u8', 'r8', 'r7', at),
      and('r8', 15),
      lsh('r8', 2),
      jlt('r8', 20, drop),
      loadFrameLength('r1', packet),
      sub('r1', at),
      jgt('r8', 'r1', drop),
      st('u32', 'r7', at + 12, loaded(bytes32(values.IPADDR))),
      st('u16', 'r7', at + 10, 0),
      sumIpHeader(packet, at, drop, newLabel),
      xor('r0', 0xffff),
      stx('u16', 'r7', at + 10, 'r0'),
      label(right),
      output(0, { ...packet, reachable: Math.min(packet.reachable, at + 20) }),
    ]
  },
  modifies: true,
})
