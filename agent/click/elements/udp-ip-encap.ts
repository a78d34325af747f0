/**
 * UDPIPEncap. Identifications are counted from 0. A packet that the kernel is still to segment (GSO) gets no UDP checksum, which is right in IPv4:
 * its bytes are not yet what will be sent.
 */
import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { udpIpEncap as of } from '../../../click/elements/udp-ip-encap.ts'
import { add, be, jne, label, ldx, mov, mov32, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded, writeBytes } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { bounded } from '../compile/linear.ts'
import { loadFrameLength, loadLength, type NewLabel, type Packet, skb, unreached } from '../compile/packet.ts'
import { sumFrame, sumFunctions } from '../compile/sum.ts'
import { pushTunnel } from '../compile/tunnel.ts'
import { swapOnly } from '../handlers.ts'
import { ipBytes, writeIpHeader } from './tunnel/ip-header.ts'
import { protocols } from './tunnel/outer.ts'

const headerBytes = ipBytes + 8
/** As Click has it. */
const ttl = 250

/** The UDP checksum, of the packet at `at` and the pseudo header; `at + headerBytes` bytes are reachable after. */
const checksum = (packet: Packet, at: number, source: number, failed: string, newLabel: NewLabel): Code => {
  const done = newLabel('checksum_done')
  return [
    packet.hook === 'tc' ? [ldx('u32', 'r0', 'r6', skb.segmentBytes), jne('r0', 0, done)] : [],
    mov('r8', at + 20),
    loadFrameLength('r9', packet),
    sub('r9', at + 20),
    sumFrame(packet, failed, newLabel),
    bounded(packet, 'r7', at + headerBytes, failed),
    mov32('r1', loaded(bytes32(source))),
    add('r0', 'r1'),
    ldx('u32', 'r1', 'r7', at + 16),
    add('r0', 'r1'),
    ldx('u16', 'r1', 'r7', at + 24),
    add('r0', 'r1'),
    add('r0', loaded(bytes16(protocols.udp))),
    fold('r0'),
    xor('r0', 0xffff),
    stx('u16', 'r7', at + 26, 'r0'),
    label(done),
  ]
}

export const udpIpEncap = compileElement(of, {
  slots: () => ({ identification: 0n }),
  functions: sumFunctions,
  compile: (site) => {
    const { values, packet, output, dropLabel, newLabel, slot } = site
    const { SRC, SPORT, DST, DPORT, CHECKSUM } = values
    const failed = dropLabel(unreached(packet))
    const pushed = pushTunnel(packet, { kind: 'udp', bytes: headerBytes, carries: 'ip' }, site, failed)
    const at = pushed.packet.offset
    return [
      pushed.code,
      writeIpHeader(pushed.packet, {
        identification: slot('identification'),
        dontFragment: false,
        ttl,
        protocol: protocols.udp,
        source: SRC,
        destination: DST,
      }),
      writeBytes(at + ipBytes, [...bytes16(SPORT), ...bytes16(DPORT), 0, 0, 0, 0]),
      loadLength('r0', pushed.packet),
      sub('r0', ipBytes),
      be('r0', 16),
      stx('u16', 'r7', at + ipBytes + 4, 'r0'),
      CHECKSUM ? checksum(pushed.packet, at, SRC, failed, newLabel) : [],
      output(0, { ...pushed.packet, network: at }),
    ]
  },
  modifies: true,
  handlers: {
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    sport: { read: (_, { values }) => `${values.SPORT}`, ...swapOnly },
    dst: {
      read: (_, { values }) => (values.DST === 'DST_ANNO' ? values.DST : formatIpAddress(values.DST)),
      ...swapOnly,
    },
    dport: { read: (_, { values }) => `${values.DPORT}`, ...swapOnly },
  },
})
