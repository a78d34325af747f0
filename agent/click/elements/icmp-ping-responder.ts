/** ICMPPingResponder. A packet that ends within its IP header is none that it answers. */
import { icmpPingResponder as of } from '../../../click/elements/icmp-ping-responder.ts'
import { add, and, jgt, jne, label, ldx, lsh, mov, st, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { bytes16, fold, loaded, updateChecksum } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { bounded, pullUpTo } from '../compile/linear.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { sumFrame, sumFunctions } from '../compile/sum.ts'
import { networkHeader } from './network-header.ts'

const destination = annotationSlot(0)
const paint = annotationSlot(16)
const icmp = { protocol: 1, echo: 8, headerBytes: 8 } as const

/** Sets a word of the IP header at `at` to what `write` makes of it, and its checksum. */
const changeWord = (at: number, word: number, write: Code): Code => [
  ldx('u16', 'r3', 'r7', at + word),
  write,
  ldx('u16', 'r4', 'r7', at + word),
  updateChecksum(at + 10),
]

export const icmpPingResponder = compileElement(of, {
  functions: sumFunctions,
  compile: (site) => {
    const { packet, output, outputLabel, dropLabel, newLabel } = site
    const at = networkHeader(site)
    const other = outputLabel(1, unreached(packet))
    const drop = dropLabel(unreached(packet))
    const answered = newLabel('answered')
    return [
      reach(packet, at + 20 - packet.offset, other, newLabel).code,
      ldx('u8', 'r0', 'r7', at + 9),
      jne('r0', icmp.protocol, other),
      ldx('u8', 'r8', 'r7', at),
      and('r8', 15),
      lsh('r8', 2),
      add('r8', at),
      loadFrameLength('r0', packet),
      mov('r1', 'r8'),
      add('r1', icmp.headerBytes),
      jgt('r1', 'r0', other),
      pullUpTo(packet, at + 60 + icmp.headerBytes, drop, newLabel),
      mov('r9', 'r7'),
      add('r9', 'r8'),
      bounded(packet, 'r9', icmp.headerBytes, drop),
      bounded(packet, 'r7', at + 20, drop),
      ldx('u8', 'r0', 'r9', 0),
      jne('r0', icmp.echo, other),
      ldx('u32', 'r0', 'r7', at + 12),
      ldx('u32', 'r1', 'r7', at + 16),
      stx('u32', 'r7', at + 12, 'r1'),
      stx('u32', 'r7', at + 16, 'r0'),
      stx('u32', 'r10', destination, 'r0'),
      st('u8', 'r10', paint, 0),
      changeWord(at, 6, [st('u16', 'r7', at + 6, 0)]),
      changeWord(at, 8, [st('u8', 'r7', at + 8, 255)]),
      ldx('u16', 'r3', 'r9', 0),
      xor('r3', 0xffff),
      st('u16', 'r9', 0, 0),
      ldx('u16', 'r0', 'r9', 2),
      xor('r0', 0xffff),
      add('r0', 'r3'),
      fold('r0'),
      xor('r0', 0xffff),
      stx('u16', 'r9', 2, 'r0'),
      // 0 where all else is 0 too would be wrong: there is a sum, and it is none that is 0.
      jne('r0', 0, answered),
      loadFrameLength('r9', packet),
      sub('r9', 'r8'),
      sumFrame(packet, drop, newLabel),
      jne('r0', 0, answered),
      mov('r9', 'r7'),
      add('r9', 'r8'),
      bounded(packet, 'r9', icmp.headerBytes, drop),
      st('u16', 'r9', 2, loaded(bytes16(0xffff))),
      label(answered),
      output(0, unreached(packet)),
    ]
  },
  modifies: true,
})
