/**
 * ToNeighbour, by bpf_redirect_neigh: with no process behind it. `count` has what was handed to the kernel, which drops what it can send to nobody. In XDP
 * there is no such call, and none for a copy of a packet. A next hop goes into the call, so that nothing is looked for in the host's routes; one of IPv4
 * is none for an IPv6 packet.
 */
import { toNeighbour as of } from '../../../click/elements/to-neighbour.ts'
import { add, call, jeq, jump, label, ldx, mov, rsh, st } from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, loaded, writeBytes } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { noteEtherType } from '../compile/ether-type.ts'
import { dropFront, pushFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { scratch } from '../compile/stack.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

const etherBytes = 14
const types = { 4: 0x0800, 6: 0x86dd } as const

/** struct bpf_redir_neigh (linux/bpf.h): u32 address family (AF_INET), then an address. */
const neighbour = { bytes: 20, family: 2 } as const

/** r2, r3 = the parameters of the call and their length; without a next hop the kernel looks for one itself. */
const nextHop = (address: number | undefined): Code =>
  address === undefined
    ? [mov('r2', 0), mov('r3', 0)]
    : [
        [neighbour.family, loaded(bytes32(address)), 0, 0, 0].map((word, i) =>
          st('u32', 'r10', scratch.at + 4 * i, word),
        ),
        mov('r2', 'r10'),
        add('r2', scratch.at),
        mov('r3', neighbour.bytes),
      ]

export const toNeighbour = compileElement(of, {
  slots: () => ({ count: 0n, drops: 0n }),
  compile: ({ values, packet, isCopy, device, dropLabel, finish, newLabel, refuse, slot }) => {
    if (packet.hook === 'xdp') return refuse('a look for the neighbour, in XDP,')
    if (isCopy) return refuse('a look for the neighbour of a copy of a packet')
    const index = device(values.DEVNAME)
    const [bad, v4, v6, written] = [newLabel('no_ip'), newLabel('v4'), newLabel('v6'), newLabel('written')]
    const failed = dropLabel(unreached(packet))
    const pushed = pushFront(packet, etherBytes, failed)
    const reached = reach(pushed.packet, etherBytes + 1, bad, newLabel)
    const at = pushed.packet.offset
    // The kernel writes the addresses, of a neighbour that a group address could not be.
    const header = (type: number): Code => writeBytes(at, [...Array<number>(12).fill(0), ...bytes16(type)])
    const whole = { ...unreached(pushed.packet), offset: 0 }
    return [
      pushed.code,
      reached.code,
      ldx('u8', 'r0', 'r7', at + etherBytes),
      rsh('r0', 4),
      values.NEXTHOP === undefined ? jeq('r0', 6, v6) : [],
      jeq('r0', 4, v4),
      label(bad),
      countIn(slot('drops')),
      jump(failed),
      values.NEXTHOP === undefined ? [label(v6), header(types[6]), jump(written)] : [],
      label(v4),
      header(types[4]),
      jump(written),
      label(written),
      at === 0 ? [] : [mov('r2', at), dropFront(pushed.packet, failed).code],
      reach(whole, etherBytes, failed, newLabel).code,
      noteEtherType(whole, failed, newLabel),
      countIn(slot('count')),
      mov('r1', index),
      nextHop(values.NEXTHOP),
      mov('r4', 0),
      call('redirectNeigh'),
      finish(),
    ]
  },
  modifies: true,
  handlers: { count: readSlot('count'), drops: readSlot('drops'), reset_counts: clearSlots('count', 'drops') },
})
