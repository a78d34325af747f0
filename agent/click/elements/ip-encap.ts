import { formatIpAddress } from '../../../click/arguments/addresses.ts'
import { ipEncap as of } from '../../../click/elements/ip-encap.ts'
import { add, and, atomicFetchAdd, be, ldMapValue, ldx, mov, rsh, st, stx, xor } from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded, writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { loadLength, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { stateMap } from '../compile/state.ts'
import { pushTunnel } from '../compile/tunnel.ts'
import { swapOnly } from '../handlers.ts'

const destination = annotationSlot(0)

/** IP and IPv6 in IP. */
const inIp: readonly number[] = [4, 41]

/** Identifications are counted from 0. A packet of another protocol that the kernel is still to segment (GSO) is dropped: its segments would be wrong. */
export const ipEncap = compileElement(of, {
  slots: () => ({ identification: 0n }),
  compile: (site) => {
    const { values, packet, output, dropLabel, slot } = site
    const { PROTO, SRC, DST, TTL, TOS, DSCP = 0, ECT = 0, CE, DF } = values
    const kind = inIp.includes(PROTO) ? 'ip' : 'other'
    const failed = dropLabel(unreached(packet))
    const pushed = pushTunnel(packet, { kind, bytes: 20, carries: 'ip' }, site, failed)
    const at = pushed.packet.offset
    // 1 asks for ECT(1), which is 1, and 2 for ECT(0), which is 2.
    const service = TOS ?? (DSCP << 2) | ECT | (CE ? 3 : 0)
    const fragment = bytes16(DF ? 0x4000 : 0)
    const target = DST === 'DST_ANNO' ? 0 : DST
    const header = [0x45, service, 0, 0, 0, 0, ...fragment, TTL, PROTO, 0, 0, ...bytes32(SRC), ...bytes32(target)]
    const sum = header.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0)
    return [
      pushed.code,
      writeBytes(at, header),
      mov('r3', sum),
      loadLength('r0', pushed.packet),
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
      output(0, { ...pushed.packet, network: at }),
    ]
  },
  modifies: true,
  handlers: {
    src: { read: (_, { values }) => formatIpAddress(values.SRC), ...swapOnly },
    dst: {
      read: (_, { values }) => (values.DST === 'DST_ANNO' ? values.DST : formatIpAddress(values.DST)),
      ...swapOnly,
    },
  },
})
