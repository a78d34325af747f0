/** The lookup in programs: one to three loads to a leaf, one more to its next hop. */
import {
  add,
  and32,
  be,
  jgt,
  label,
  ldMapValue,
  ldx,
  lsh,
  lsh32,
  mov32,
  type Register,
  rsh32,
} from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import type { NewLabel } from '../compile/packet.ts'
import { lastPlace, nextHopBytes, placeOfPart, type TableRoom } from './layout.ts'

/**
 * r0 = the output and r1 = the gateway, as annotations have it, of the address in r1, likewise; `noOutput` and 0 without a route. `map` is
 * what instructions call the table's. Loses r2 and r3.
 */
export const lookUpRoute = (map: string, room: TableRoom, newLabel: NewLabel): Code => {
  const leaf = newLabel('leaf')
  /** r0 = the entry of a block, whose place is r0, by the eight bits of the address that `index` makes four times as much. */
  const below = (index: Code, register: Register): Code => [
    // Whatever is not greater is a place, and what the verifier lets be reached.
    jgt('r0', lastPlace(room), leaf),
    index,
    add('r0', register),
    add('r0', 'r3'),
    ldx('u32', 'r0', 'r0', 0),
  ]
  return [
    be('r1', 32),
    ldMapValue('r3', map, placeOfPart(room, 'entries')),
    mov32('r2', 'r1'),
    rsh32('r2', 16),
    lsh('r2', 2),
    add('r2', 'r3'),
    ldx('u32', 'r0', 'r2', 0),
    below([mov32('r2', 'r1'), rsh32('r2', 6), and32('r2', 0x3fc)], 'r2'),
    below([and32('r1', 0xff), lsh32('r1', 2)], 'r1'),
    label(leaf),
    and32('r0', (room.nextHops - 1) * nextHopBytes),
    ldMapValue('r2', map, placeOfPart(room, 'nextHops')),
    add('r2', 'r0'),
    ldx('u32', 'r1', 'r2', 0),
    ldx('u32', 'r0', 'r2', 4),
  ]
}
