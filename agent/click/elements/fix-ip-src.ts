import { fixIpSrc as of } from '../../../click/elements/fix-ip-src.ts'
import { and, jgt, jlt, jne, label, ldx, lsh, st, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { bytes32, loaded, sumIpHeader } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { networkHeader } from './network-header.ts'

const fix = annotationSlot(19)

/** A packet that ends within the IP header, where its source is to be set, is dropped. */
export const fixIpSrc = compileElement(of, {
  compile: (site) => {
    const { packet, output, newLabel } = site
    const wanted = newLabel('wanted')
    return [
      ldx('u8', 'r0', 'r10', fix),
      jne('r0', 0, wanted),
      output(0, packet),
      label(wanted),
      // Few packets have one: errors of this router's own.
      site.outline('source', packet, (known) => setSource({ ...site, packet: known })),
    ]
  },
  modifies: true,
})

const setSource = (site: Site<(typeof of)['arguments']>): Code => {
  const { values, packet, output, dropLabel, newLabel } = site
  const at = networkHeader(site)
  const drop = dropLabel(unreached(packet))
  const reached = reach(packet, at + 20 - packet.offset, drop, newLabel)
  return [
    st('u8', 'r10', fix, 0),
    reached.code,
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
    output(0, reached.packet),
  ]
}
