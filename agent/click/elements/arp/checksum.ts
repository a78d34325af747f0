/**
 * Finishes the checksum of a packet that was kept before the kernel had: a TCP or UDP segment of a host on this machine, which carries the sum
 * of its pseudo header alone until a device is to send it (CHECKSUM_PARTIAL). Nothing but that sum tells such a packet; to finish one that has
 * it by chance and is right changes nothing.
 */
import {
  add,
  and,
  and32,
  be,
  call,
  exit,
  jeq,
  jgt,
  jle,
  jlt,
  jne,
  jump,
  label,
  ldx,
  lsh,
  mov,
  rsh,
  st,
  stx,
  sub,
  xor,
} from '../../../ebpf/asm/asm.ts'
import { fold } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import { mostPacketBytes, summedPieceBytes as pieceBytes, place } from './layout.ts'
import { labelsOf, type Querier } from './querier.ts'

const leastHeader = 20
/** Where the checksum of a segment is, and how long its header is at least, by protocol. */
const segments = [
  { protocol: 6, checksum: 16, header: 20 },
  { protocol: 17, checksum: 6, header: 8 },
] as const
const ipip = 4
/** A packet in a packet: a tunnel of this configuration, whose load is not finished either. */
const mostHeaders = 2

const stack = { checksum: -8, rest: -16 } as const

/** r1 the place in the ring, which is the caller's. A routine, global and shared. */
export const writeFinishChecksum = ({ newLabel }: Querier): Code => {
  const l = labelsOf(newLabel, ['done', 'segment', 'sum', 'piece', 'last', 'summed', 'write'])
  const { done, segment } = l
  /** r9 = r6 + r7, from where bytes are read; r7 is below `mostPacketBytes`. */
  const point: Code = [jgt('r7', mostPacketBytes - 128, done), mov('r9', 'r6'), add('r9', 'r7')]
  const at = (offset: number): number => place.packet + offset
  const header = (last: boolean): Code => {
    const inner = newLabel('inner')
    return [
      point,
      ldx('u8', 'r1', 'r9', at(0)),
      mov('r2', 'r1'),
      rsh('r2', 4),
      jne('r2', 4, done),
      and('r1', 15),
      lsh('r1', 2),
      jlt('r1', leastHeader, done),
      // Fragments have no checksum of their own.
      ldx('u16', 'r2', 'r9', at(6)),
      and('r2', 0xff3f),
      jne('r2', 0, done),
      // All of the packet is the datagram: r3 is how much of it follows the header.
      ldx('u16', 'r3', 'r9', at(2)),
      be('r3', 16),
      mov('r2', 'r7'),
      add('r2', 'r3'),
      ldx('u32', 'r4', 'r6', place.length),
      jne('r2', 'r4', done),
      jlt('r3', 'r1', done),
      sub('r3', 'r1'),
      ldx('u8', 'r5', 'r9', at(9)),
      last ? [] : jeq('r5', ipip, inner),
      // The pseudo header: addresses, protocol, length.
      ldx('u32', 'r0', 'r9', at(12)),
      ldx('u32', 'r4', 'r9', at(16)),
      add('r0', 'r4'),
      add('r7', 'r1'),
      mov('r2', 'r5'),
      lsh('r2', 8),
      add('r0', 'r2'),
      mov('r2', 'r3'),
      be('r2', 16),
      add('r0', 'r2'),
      jump(segment),
      last ? [] : [label(inner), add('r7', 'r1')],
    ]
  }
  return [
    jeq('r1', 0, done),
    mov('r6', 'r1'),
    mov('r7', 0),
    Array.from({ length: mostHeaders }, (_, i) => header(i === mostHeaders - 1)),

    label(segment),
    fold('r0'),
    point,
    segments.map(({ protocol, checksum, header: least }): Code => {
      const other = newLabel('other')
      return [jne('r5', protocol, other), jlt('r3', least, done), mov('r2', checksum), jump(l.sum), label(other)]
    }),
    jump(done),

    // r0 the sum of the pseudo header, r2 the checksum's offset, r3 bytes of the segment, r9 its start but for the ring's own words.
    label(l.sum),
    stx('u64', 'r10', stack.checksum, 'r2'),
    add('r9', 'r2'),
    ldx('u16', 'r4', 'r9', at(0)),
    jne('r4', 'r0', done),
    // Zeros behind the last byte, where it is not the last of a word.
    mov('r1', 'r7'),
    add('r1', 'r3'),
    jgt('r1', mostPacketBytes, done),
    add('r1', 'r6'),
    st('u32', 'r1', at(0), 0),
    add('r3', 3),
    rsh('r3', 2),
    lsh('r3', 2),
    stx('u64', 'r10', stack.rest, 'r3'),
    mov('r8', 0),
    mov('r9', 0),
    label(l.piece),
    // r8 bytes are in the sum r9.
    ldx('u64', 'r4', 'r10', stack.rest),
    jle('r4', 'r8', l.summed),
    sub('r4', 'r8'),
    jle('r4', pieceBytes, l.last),
    mov('r4', pieceBytes),
    label(l.last),
    mov('r3', 'r7'),
    add('r3', 'r8'),
    jgt('r3', mostPacketBytes, done),
    add('r3', 'r6'),
    add('r3', place.packet),
    mov('r1', 0),
    mov('r2', 0),
    mov('r5', 'r9'),
    call('csumDiff'),
    mov('r9', 'r0'),
    and32('r9', -1),
    add('r8', pieceBytes),
    jle('r8', mostPacketBytes, l.piece),

    label(l.summed),
    mov('r8', 'r9'),
    fold('r8'),
    xor('r8', 0xffff),
    jne('r8', 0, l.write),
    mov('r8', 0xffff),
    label(l.write),
    point,
    ldx('u64', 'r2', 'r10', stack.checksum),
    jgt('r2', 16, done),
    add('r9', 'r2'),
    stx('u16', 'r9', at(0), 'r8'),
    label(done),
    mov('r0', 0),
    exit(),
  ]
}
