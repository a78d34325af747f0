/** FitsMTU. The kernel tells of a packet to be segmented how many bytes of payload a segment gets; its headers are those of the packet. */
import { fitsMtu as of } from '../../../click/elements/fits-mtu.ts'
import { add, jeq, jgt, jne, jump, label, ldx, lsh, mov, rsh } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { loadLength, reach, skb, unreached } from '../compile/packet.ts'

const ipBytes = 20
const protocols = { tcp: 6, udp: 17 } as const
const udpBytes = 8

export const fitsMtu = compileElement(of, {
  compile: ({ values: { MTU: mtu }, packet, output, outputLabel, newLabel }) => {
    const tooLong = outputLabel(1, unreached(packet))
    const [whole, segments, isTcp, sum] = [newLabel('whole'), newLabel('segments'), newLabel('tcp'), newLabel('sum')]
    const at = packet.offset
    return [
      packet.hook === 'tc' ? [ldx('u32', 'r8', 'r6', skb.segmentBytes), jne('r8', 0, segments)] : [],
      label(whole),
      loadLength('r0', packet),
      jgt('r0', mtu, tooLong),
      output(0, unreached(packet)),
      label(segments),
      reach(unreached(packet), ipBytes + 13, tooLong, newLabel).code,
      ldx('u8', 'r0', 'r7', at),
      jne('r0', 0x45, tooLong),
      ldx('u8', 'r0', 'r7', at + 9),
      jeq('r0', protocols.tcp, isTcp),
      jne('r0', protocols.udp, tooLong),
      mov('r0', udpBytes),
      jump(sum),
      label(isTcp),
      // The data offset, in words of four bytes (RFC 9293, section 3.1).
      ldx('u8', 'r0', 'r7', at + ipBytes + 12),
      rsh('r0', 4),
      lsh('r0', 2),
      label(sum),
      add('r0', 'r8'),
      add('r0', ipBytes),
      jgt('r0', mtu, tooLong),
      output(0, unreached(packet)),
    ]
  },
  modifies: false,
})
