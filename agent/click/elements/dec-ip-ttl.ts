import { decIpTtl as of } from '../../../click/elements/dec-ip-ttl.ts'
import { add, and, jeq, jle, jump, label, ldx, mov, rsh, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { countIn, loadSlot } from '../compile/state.ts'
import { readSlot } from '../handlers.ts'
import { activeHandler, activeSlot } from './active.ts'
import { networkHeader } from './network-header.ts'

export const decIpTtl = compileElement(of, {
  slots: ({ values }) => ({ drops: 0n, ...activeSlot(values) }),
  settings: ['active'],
  compile: (site) => {
    const { values, packet, output, outputLabel, dropLabel, newLabel, slot } = site
    const at = networkHeader(site)
    const expired = newLabel('expired')
    const unchanged = newLabel('unchanged')
    const reached = reach(packet, at + 20 - packet.offset, dropLabel(unreached(packet)), newLabel)
    return [
      reached.code,
      loadSlot('r0', slot('active')),
      jeq('r0', 0, unchanged),
      values.MULTICAST ? [] : [ldx('u8', 'r0', 'r7', at + 16), and('r0', 0xf0), jeq('r0', 0xe0, unchanged)],
      ldx('u8', 'r0', 'r7', at + 8),
      jle('r0', 1, expired),
      sub('r0', 1),
      stx('u8', 'r7', at + 8, 'r0'),
      // RFC 1624, equation 3, in the processor's order of bytes (section 2 of RFC 1071): the TTL is the low one of its word, which has lost one.
      ldx('u16', 'r0', 'r7', at + 10),
      xor('r0', 0xffff),
      add('r0', 0xfffe),
      mov('r1', 'r0'),
      rsh('r1', 16),
      add('r0', 'r1'),
      xor('r0', 0xffff),
      stx('u16', 'r7', at + 10, 'r0'),
      label(unchanged),
      output(0, reached.packet),
      label(expired),
      countIn(slot('drops')),
      jump(outputLabel(1, unreached(packet))),
    ]
  },
  modifies: true,
  handlers: {
    drops: readSlot('drops'),
    ...activeHandler,
  },
})
