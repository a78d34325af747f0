/** The ARP query that a packet becomes. */
import { add, call, exit, jeq, jlt, jne, jump, label, ldx, mov, rsh, st, stx } from '../../../ebpf/asm/asm.ts'
import { bytes16, loaded } from '../../compile/bytes.ts'
import type { Code } from '../../compile/code.ts'
import { countGrown } from '../../compile/geometry.ts'
import { skb } from '../../compile/packet.ts'
import { loadSlot } from '../../compile/state.ts'
import { labelsOf, type Querier } from './querier.ts'

export const queryBytes = 42
/** By how many bytes the frame grows at its front, where it does. */
export const queryGrowth = 2
/** What does not become short enough: an Ethernet frame of the least size; headers that follow each other, with all options. */
const longer = [60, 126] as const

const failed = -1
const frame = { query: -48, zeros: -136, look: -136 } as const
const zeroBytes = frame.query - frame.zeros
/** Of an Ethernet frame. */
const look = { at: 12, bytes: 12, type: 0, version: 2, protocol: 11 } as const

/**
 * r1 the context, r2 the IP address that is asked for and r3 the Ethernet address that is asked (a word whose low 48 bits it is), r4 whether
 * the frame may grow. Returns in r0: 0 the frame is a query now; 1 it is, and has grown by `queryGrowth`; negative: it is what it was.
 *
 * The kernel does not take from a frame what it needs to finish a checksum later (CHECKSUM_PARTIAL), or what is before the network header as it
 * knows it; no call tells whether or where. Such a query stays longer, with zeros behind it, where the checksum does no harm. Only that of UDP
 * behind 34 bytes of headers lies within 42: then the frame grows at its front, which moves it away.
 */
export const writeAsk = ({ ether, newLabel, slot }: Querier): Code => {
  const l = labelsOf(newLabel, ['exact', 'tight', 'sent', 'giveUp', 'long'])
  const at = (offset: number): number => frame.query + offset
  const setLength = (bytes: number, other: string): Code => [
    mov('r1', 'r6'),
    mov('r2', bytes),
    mov('r3', 0),
    call('skbChangeTail'),
    jne('r0', 0, other),
  ]
  const store = (to: number, from: number, count: number): Code => [
    mov('r1', 'r6'),
    mov('r2', to),
    mov('r3', 'r10'),
    add('r3', from),
    mov('r4', count),
    mov('r5', 0),
    call('skbStoreBytes'),
  ]
  const clear = Array.from({ length: zeroBytes / 8 }, (_, i) => st('u64', 'r10', frame.zeros + 8 * i, 0))
  const tails = longer.map((bytes, i): Code => {
    const other = i === longer.length - 1 ? l.giveUp : newLabel('longer')
    return [
      setLength(bytes, other),
      clear,
      store(queryBytes, frame.zeros, bytes - queryBytes),
      jump(l.sent),
      i === longer.length - 1 ? [] : label(other),
    ]
  })
  return [
    mov('r6', 'r1'),
    mov('r9', 'r4'),
    mov('r8', 0),
    stx('u32', 'r10', at(0), 'r3'),
    rsh('r3', 32),
    stx('u16', 'r10', at(4), 'r3'),
    [6, 22].map((offset) => [
      st('u16', 'r10', at(offset), loaded(ether.slice(0, 2))),
      st('u32', 'r10', at(offset + 2), loaded(ether.slice(2))),
    ]),
    st('u16', 'r10', at(12), loaded(bytes16(0x0806))),
    st('u16', 'r10', at(14), loaded(bytes16(1))),
    st('u16', 'r10', at(16), loaded(bytes16(0x0800))),
    st('u16', 'r10', at(18), loaded([6, 4])),
    st('u16', 'r10', at(20), loaded(bytes16(1))),
    loadSlot('r0', slot('ipaddr')),
    stx('u32', 'r10', at(28), 'r0'),
    st('u32', 'r10', at(32), 0),
    st('u16', 'r10', at(36), 0),
    stx('u16', 'r10', at(38), 'r2'),
    rsh('r2', 16),
    stx('u16', 'r10', at(40), 'r2'),

    ldx('u32', 'r0', 'r6', skb.length),
    jlt('r0', look.at + look.bytes, l.exact),
    mov('r1', 'r6'),
    mov('r2', look.at),
    mov('r3', 'r10'),
    add('r3', frame.look),
    mov('r4', look.bytes),
    call('skbLoadBytes'),
    jne('r0', 0, l.exact),
    ldx('u16', 'r0', 'r10', frame.look + look.type),
    jne('r0', loaded(bytes16(0x0800)), l.exact),
    ldx('u8', 'r0', 'r10', frame.look + look.version),
    jne('r0', 0x45, l.exact),
    ldx('u8', 'r0', 'r10', frame.look + look.protocol),
    jne('r0', 17, l.exact),
    setLength(queryBytes - 1, l.tight),
    label(l.exact),
    setLength(queryBytes, l.long),
    jump(l.sent),

    label(l.long),
    tails,

    label(l.tight),
    jeq('r9', 0, l.giveUp),
    setLength(longer[0], l.giveUp),
    mov('r1', 1),
    stx('u32', 'r6', skb.moved, 'r1'),
    countGrown(queryGrowth),
    mov('r1', 'r6'),
    mov('r2', queryGrowth),
    mov('r3', 0),
    call('skbChangeHead'),
    jne('r0', 0, l.giveUp),
    mov('r8', 1),
    clear,
    store(queryBytes, frame.zeros, longer[0] + queryGrowth - queryBytes),

    label(l.sent),
    store(0, frame.query, queryBytes),
    mov('r0', 'r8'),
    exit(),
    label(l.giveUp),
    mov('r0', failed),
    exit(),
  ]
}
