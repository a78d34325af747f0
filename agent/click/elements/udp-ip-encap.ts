/**
 * UDPIPEncap. Identifications are counted from 0. A packet that the kernel is still to segment (GSO) gets no UDP checksum, which is right in IPv4:
 * its bytes are not yet what will be sent.
 */
import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { udpIpEncap as of } from '../../../click/elements/udp-ip-encap.ts'
import {
  add,
  and,
  atomicFetchAdd,
  be,
  jne,
  label,
  ldMapValue,
  ldx,
  mov,
  mov32,
  rsh,
  st,
  stx,
  sub,
  xor,
} from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded, writeBytes } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { bounded } from '../compile/linear.ts'
import { loadFrameLength, loadLength, type NewLabel, type Packet, skb, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { stateMap } from '../compile/state.ts'
import { sumFrame, sumFunctions } from '../compile/sum.ts'
import { pushTunnel } from '../compile/tunnel.ts'
import { swapOnly } from '../handlers.ts'

const destination = annotationSlot(0)
const headerBytes = 28
const udp = 17

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
    add('r0', loaded(bytes16(udp))),
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
    const target = DST === 'DST_ANNO' ? 0 : DST
    const ip = [0x45, 0, 0, 0, 0, 0, 0, 0, 250, udp, 0, 0, ...bytes32(SRC), ...bytes32(target)]
    const sum = ip.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0)
    return [
      pushed.code,
      writeBytes(at, [...ip, ...bytes16(SPORT), ...bytes16(DPORT), 0, 0, 0, 0]),
      mov('r3', sum),
      loadLength('r0', pushed.packet),
      mov('r2', 'r0'),
      sub('r2', 20),
      be('r2', 16),
      stx('u16', 'r7', at + 24, 'r2'),
      and('r0', 0xffff),
      add('r3', 'r0'),
      be('r0', 16),
      stx('u16', 'r7', at + 2, 'r0'),
      ldMapValue('r1', stateMap, slot('identification')),
      mov('r0', 1),
      atomicFetchAdd('u64', 'r1', 0, 'r0'),
      and('r0', 0xffff),
      add('r3', 'r0'),
      be('r0', 16),
      stx('u16', 'r7', at + 4, 'r0'),
      DST === 'DST_ANNO'
        ? [
            ldx('u32', 'r0', 'r10', destination),
            stx('u32', 'r7', at + 16, 'r0'),
            be('r0', 32),
            mov('r1', 'r0'),
            rsh('r1', 16),
            and('r0', 0xffff),
            add('r3', 'r0'),
            add('r3', 'r1'),
          ]
        : st('u32', 'r10', destination, loaded(bytes32(target))),
      fold('r3'),
      xor('r3', 0xffff),
      be('r3', 16),
      stx('u16', 'r7', at + 10, 'r3'),
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
