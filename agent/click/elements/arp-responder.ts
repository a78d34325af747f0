/** ARPResponder, with few entries: compared one by one, the longest prefix first. Entries that change are not supported. */
import { arpResponder as of } from '../../../click/elements/arp-responder.ts'
import { and32, jeq32, jle, jne, jump, label, ldx, mov, st, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, loaded, writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { frameLength } from '../compile/geometry.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { annotationSlot, packetType, packetTypeSlot } from '../compile/stack.ts'

const mostEntries = 64
/** Ethernet and ARP header. */
const replyBytes = 42
/** The reply is a new packet: of the request's annotations it has the VLAN tag alone. */
const otherAnnotations = [0, 4, 8, 12, 16, 24, 28, 32, 36, 40, 44]

export const arpResponder = compileElement(of, {
  unsupported: ({ list }) => (list.length > mostEntries ? `more than ${mostEntries} entries` : undefined),
  compile: ({ list, packet, output, outputLabel, dropLabel, newLabel }) => {
    const at = packet.offset
    const other = outputLabel(1, unreached(packet))
    const reached = reach(packet, replyBytes, other, newLabel)
    const unless = (offset: number, value: number) => [
      ldx('u16', 'r0', 'r7', at + offset),
      jne('r0', loaded(bytes16(value)), other),
    ]
    const send = newLabel('send')
    const exact = newLabel('exact')
    const entries = list
      .flatMap(({ prefixes, ether }) => prefixes.map((prefix) => ({ ...prefix, ether, found: newLabel('found') })))
      .sort((one, other) => other.mask - one.mask)
    return [
      reached.code,
      unless(12, 0x0806),
      unless(14, 1),
      unless(16, 0x0800),
      unless(20, 1),
      ldx('u32', 'r5', 'r7', at + 38),
      entries.map(({ address, mask, found }) => [
        mov('r0', 'r5'),
        and32('r0', loaded(bytes32(mask))),
        jeq32('r0', loaded(bytes32(address)), found),
      ]),
      jump(other),
      entries.map(({ ether, found }) => [
        label(found),
        writeBytes(at + 6, ether),
        // The asker's addresses, before its own place is written over.
        ldx('u32', 'r2', 'r7', at + 22),
        ldx('u16', 'r3', 'r7', at + 26),
        ldx('u32', 'r4', 'r7', at + 28),
        writeBytes(at + 22, ether),
        jump(send),
      ]),
      label(send),
      stx('u32', 'r7', at, 'r2'),
      stx('u16', 'r7', at + 4, 'r3'),
      writeBytes(at + 18, [6, 4, 0, 2]),
      stx('u32', 'r7', at + 28, 'r5'),
      stx('u32', 'r7', at + 32, 'r2'),
      stx('u16', 'r7', at + 36, 'r3'),
      stx('u32', 'r7', at + 38, 'r4'),
      otherAnnotations.map((offset) => st('u32', 'r10', annotationSlot(offset), 0)),
      st('u64', 'r10', packetTypeSlot, packetType.host),
      loadFrameLength('r0', packet),
      jle('r0', at + replyBytes, exact),
      mov('r2', at + replyBytes),
      frameLength(packet, dropLabel(unreached(packet))),
      label(exact),
      output(0, { ...unreached(packet), network: undefined, mac: at }),
    ]
  },
  modifies: true,
})
