/** What SetIPDSCP and SetIPECN share: bits of the second byte of the IP header. */
import { and, ldx, or, stx } from '../../ebpf/asm/asm.ts'
import { updateChecksum } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import type { Site } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { networkHeader } from './network-header.ts'

/** Keeps the bits of `keep` and sets those of `bits`. */
export const setTypeOfService = (site: Omit<Site, 'values' | 'list'>, keep: number, bits: number): Code => {
  const { packet, output, dropLabel, newLabel } = site
  const at = networkHeader(site)
  const reached = reach(packet, at + 20 - packet.offset, dropLabel(unreached(packet)), newLabel)
  return [
    reached.code,
    ldx('u16', 'r3', 'r7', at),
    ldx('u8', 'r0', 'r7', at + 1),
    and('r0', keep),
    or('r0', bits),
    stx('u8', 'r7', at + 1, 'r0'),
    ldx('u16', 'r4', 'r7', at),
    updateChecksum(at + 10),
    output(0, reached.packet),
  ]
}
