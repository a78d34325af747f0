import { decIpTtl as of } from '../../../click/elements/dec-ip-ttl.ts'
import { add, and, be, jeq, jle, jump, label, ldx, mov, rsh, stx, sub, xor } from '../../ebpf/asm/asm.ts'
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
      // RFC 1624: the high byte of a word has lost one.
      ldx('u16', 'r0', 'r7', at + 10),
      be('r0', 16),
      xor('r0', 0xffff),
      add('r0', 0xfeff),
      mov('r1', 'r0'),
      rsh('r1', 16),
      add('r0', 'r1'),
      xor('r0', 0xffff),
      be('r0', 16),
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
