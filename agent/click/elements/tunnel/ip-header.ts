/** An IP header before a packet: what is constant of it, then what is known only when a packet comes, and the checksum of both (RFC 791). */
import { add, and, atomicFetchAdd, be, ldMapValue, ldx, mov, rsh, st, stx, xor } from '../../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded, writeBytes } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import { loadLength, type Packet } from '../../compile/packet.ts'
import { annotationSlot } from '../../compile/stack.ts'
import { stateMap } from '../../compile/state.ts'

export const ipBytes = 20
const dontFragment = 0x4000
/** Click's destination address annotation. */
const annotation = annotationSlot(0)

export interface IpHeader {
  readonly service?: number
  /** The slot that identifications are counted in; without one they are 0, as "don't fragment" makes them say nothing (RFC 6864). */
  readonly identification?: number
  readonly dontFragment: boolean
  readonly ttl: number
  readonly protocol: number
  readonly source: number
  /** DST_ANNO: that of the annotation, which is set to it else. */
  readonly destination: number | 'DST_ANNO'
}

const sumOf = (header: readonly number[]): number =>
  header.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0)

/** Where the packet begins, of which the header's bytes are reachable; it has no options. Loses r0, r1 and r3. */
export const writeIpHeader = (packet: Packet, header: IpHeader): Code => {
  const at = packet.offset
  const { service = 0, identification, ttl, protocol, source, destination } = header
  const constant = [
    ...[0x45, service, 0, 0, 0, 0, ...bytes16(header.dontFragment ? dontFragment : 0), ttl, protocol, 0, 0],
    ...bytes32(source),
    ...bytes32(destination === 'DST_ANNO' ? 0 : destination),
  ]
  return [
    writeBytes(at, constant),
    mov('r3', sumOf(constant)),
    loadLength('r0', packet),
    addWord(at + 2),
    identification === undefined
      ? []
      : [
          ldMapValue('r1', stateMap, identification),
          mov('r0', 1),
          atomicFetchAdd('u64', 'r1', 0, 'r0'),
          addWord(at + 4),
        ],
    destination === 'DST_ANNO'
      ? [
          ldx('u32', 'r0', 'r10', annotation),
          stx('u32', 'r7', at + 16, 'r0'),
          be('r0', 32),
          mov('r1', 'r0'),
          rsh('r1', 16),
          and('r0', 0xffff),
          add('r3', 'r0'),
          add('r3', 'r1'),
        ]
      : st('u32', 'r10', annotation, loaded(bytes32(destination))),
    fold('r3'),
    xor('r3', 0xffff),
    be('r3', 16),
    stx('u16', 'r7', at + 10, 'r3'),
  ]
}

/** Writes 16 bits of r0 at `at` from r7, and adds them to r3. */
const addWord = (at: number): Code => [and('r0', 0xffff), add('r3', 'r0'), be('r0', 16), stx('u16', 'r7', at, 'r0')]
