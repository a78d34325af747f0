import { setIpChecksum as of } from '../../../click/elements/set-ip-checksum.ts'
import { and, jgt, jlt, jump, label, ldx, lsh, st, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { sumIpHeader } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { countIn } from '../compile/state.ts'
import { readSlot } from '../handlers.ts'

/** At the network header, or at the start of a packet without one. */
export const setIpChecksum = compileElement(of, {
  slots: () => ({ drops: 0n }),
  compile: ({ packet, output, dropLabel, newLabel, slot }) => {
    const at = packet.network ?? packet.offset
    const bad = newLabel('bad')
    const reached = reach(packet, at + 20 - packet.offset, bad, newLabel)
    return [
      reached.code,
      ldx('u8', 'r8', 'r7', at),
      and('r8', 15),
      lsh('r8', 2),
      jlt('r8', 20, bad),
      loadFrameLength('r0', packet),
      sub('r0', at),
      jgt('r8', 'r0', bad),
      st('u16', 'r7', at + 10, 0),
      sumIpHeader(packet, at, dropLabel(unreached(packet)), newLabel),
      xor('r0', 0xffff),
      stx('u16', 'r7', at + 10, 'r0'),
      output(0, { ...packet, reachable: at + 20 }),
      label(bad),
      countIn(slot('drops')),
      jump(dropLabel(unreached(packet))),
    ]
  },
  modifies: true,
  handlers: { drops: readSlot('drops') },
})
