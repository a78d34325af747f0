/** A number for the flow of a frame, which chooses the source port of a tunnel (RFC 7348, section 5). */
import { add, and, jeq, jne, jset, jump, label, ldx, mov, mov32, mul, rsh } from '../../../ebpf/asm/asm.ts'
import { bytes16, loaded } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import type { Site } from '../../compile/element.ts'
import { reach, skb, unreached } from '../../compile/packet.ts'

/** 2^32 divided by the golden ratio, as Knuth multiplies. */
const factor = 0x9e37_79b1

const portBytes = 4
const ip = { addresses: [26, 30], protocol: 23, end: 34 } as const
const ip6 = { addresses: [22, 26, 30, 34, 38, 42, 46, 50], protocol: 20, end: 54 } as const
const tcp = 6
const udp = 17

/**
 * r8 = a number below `count` for the frame at the packet's offset: the sum, to 32 bits, of its IP addresses and, of TCP and UDP, the word of both
 * ports; or of both Ethernet addresses, where it has a VLAN tag or no IP header without options and four bytes behind it. The sum, its words taken with the
 * lowest byte first, times `factor`, to 32 bits, is scaled to `count`. Goes to `failed` where there is no Ethernet header; loses r0 to r5.
 */
export const flowOf = (
  { packet, newLabel }: Pick<Site, 'packet' | 'newLabel'>,
  count: number,
  failed: string,
): Code => {
  const at = packet.offset
  const [v4, v6, summed] = [newLabel('v4'), newLabel('v6'), newLabel('summed')]
  const header = reach(packet, 14, failed, newLabel)
  const addWord = (offset: number): Code => [ldx('u32', 'r0', 'r7', at + offset), add('r8', 'r0')]
  const addPorts = ({ protocol, end }: { readonly protocol: number; readonly end: number }): Code => {
    const ports = newLabel('ports')
    return [
      ldx('u8', 'r0', 'r7', at + protocol),
      jeq('r0', tcp, ports),
      jne('r0', udp, summed),
      label(ports),
      addWord(end),
      jump(summed),
    ]
  }
  return [
    header.code,
    mov('r8', 0),
    [0, 4, 8].map(addWord),
    // As of a frame that has its tag in it.
    packet.tagBeside ? [ldx('u32', 'r0', 'r6', skb.vlanPresent), jne('r0', 0, summed)] : [],
    ldx('u16', 'r0', 'r7', at + 12),
    jeq('r0', loaded(bytes16(0x0800)), v4),
    jeq('r0', loaded(bytes16(0x86dd)), v6),
    jump(summed),
    label(v4),
    reach(unreached(packet), ip.end + portBytes, summed, newLabel).code,
    ldx('u8', 'r0', 'r7', at + 14),
    jne('r0', 0x45, summed),
    mov('r8', 0),
    ip.addresses.map(addWord),
    ldx('u16', 'r0', 'r7', at + 20),
    // All fragments of a packet go one way.
    jset('r0', loaded(bytes16(0x3fff)), summed),
    addPorts(ip),
    label(v6),
    reach(unreached(packet), ip6.end + portBytes, summed, newLabel).code,
    mov('r8', 0),
    ip6.addresses.map(addWord),
    addPorts(ip6),
    label(summed),
    mov32('r0', factor | 0),
    mul('r8', 'r0'),
    mov32('r8', 'r8'),
    mov('r0', count),
    mul('r8', 'r0'),
    rsh('r8', 32),
    and('r8', 0xffff),
  ]
}
