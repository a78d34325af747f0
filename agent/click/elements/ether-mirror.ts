import { etherMirror as of } from '../../../click/elements/ether-mirror.ts'
import { ldx, stx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'

/** A packet without both addresses is dropped. */
export const etherMirror = compileElement(of, {
  compile: ({ packet, output, dropLabel, newLabel }) => {
    const reached = reach(packet, 12, dropLabel(unreached(packet)), newLabel)
    const at = packet.offset
    const swap = [0, 2, 4].map((k) => [
      ldx('u16', 'r0', 'r7', at + k),
      ldx('u16', 'r1', 'r7', at + 6 + k),
      stx('u16', 'r7', at + k, 'r1'),
      stx('u16', 'r7', at + 6 + k, 'r0'),
    ])
    return [reached.code, swap, output(0, reached.packet)]
  },
  modifies: true,
  takesTag: true,
})
