/**
 * ARPQuerier. No program can hold a packet: of one whose Ethernet address is not known the bytes are kept (`arp/layout.ts`), and the packet itself
 * becomes the query. When the reply comes, its frame becomes the packets that waited, one after the other.
 *
 * Differs from Click: at most 256 packets wait, of at most 9216 bytes and none that the kernel is still to cut up (GSO); what is more is dropped, and
 * asked for. CAPACITY drops those that came first, whatever their address. A packet that waited has its network
 * header where it begins.
 */
import { arpQuerier as of } from '../../../click/elements/arp-querier.ts'
import {
  add,
  and,
  and32,
  call,
  callFunction,
  jeq,
  jlt,
  jne,
  jset,
  jslt,
  jump,
  label,
  ldImm64,
  ldx,
  lsh,
  mov,
  or,
  rsh,
  st,
  stx,
} from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { type Packet, reach, reload, skb, unreached } from '../compile/packet.ts'
import { annotationSlot, packetTypeSlot, scratch } from '../compile/stack.ts'
import { countIn, loadSlot } from '../compile/state.ts'
import { freshAnnotations } from './arp/annotations.ts'
import { queryGrowth, writeAsk } from './arp/ask.ts'
import { arpHandlers } from './arp/handlers.ts'
import { kept, writeKeep, writeMayAsk } from './arp/keep.ts'
import { annotationBytes, capacitiesOf, entry, lookUp, mapsOf } from './arp/layout.ts'
import { etherHeaderBytes, writeLeave } from './arp/leave.ts'
import { labelsOf, loadKnown, type Querier, toNanoseconds } from './arp/querier.ts'
import { writeLearn } from './arp/take.ts'

type Place = Pick<
  Site,
  | 'packet'
  | 'modifiedAfter'
  | 'outputs'
  | 'output'
  | 'detour'
  | 'kept'
  | 'drop'
  | 'dropLabel'
  | 'newLabel'
  | 'outputLabel'
  | 'slot'
> & { readonly querier: Querier; readonly broadcastPoll: boolean }

/** The address that a packet is sent to. */
const destination = annotationSlot(0)
const arpBytes = 42

export const arpQuerier = compileElement(of, {
  slots: ({ values: { IP, BROADCAST } }) => {
    const last = (IP.address | ~IP.mask) >>> 0
    const broadcast = BROADCAST ?? (last === IP.address ? 0xffff_ffff : last)
    return {
      ipaddr: BigInt(loaded(bytes32(IP.address))),
      broadcast: BigInt(loaded(bytes32(broadcast))),
      queries: 0n,
      responses: 0n,
      drops: 0n,
      killed: 0n,
    }
  },
  settings: ['ipaddr', 'broadcast'],
  maps: ({ values }) => mapsOf(capacitiesOf(values)),
  compile: (site) => {
    const { values, input, map, newLabel, slot, routine } = site
    if (site.packet.hook === 'xdp') return site.refuse('packets that wait, in XDP,')
    const querier: Querier = {
      table: map('table'),
      waiting: map('waiting'),
      capacities: capacitiesOf(values),
      ether: values.ETH,
      timeoutNs: toNanoseconds(values.TIMEOUT),
      pollNs: toNanoseconds(values.POLL_TIMEOUT),
      newLabel,
      slot,
      routine,
    }
    const place = { ...site, querier, broadcastPoll: values.BROADCAST_POLL }
    return input === 0 ? send(place) : learn(place)
  },
  modifies: true,
  resizes: true,
  handlers: arpHandlers,
})

/** Input 0: IP packets. */
const send = (place: Place): Code => {
  const { packet, querier, newLabel, output, slot } = place
  const l = labelsOf(newLabel, ['failed', 'special', 'known', 'unknown', 'ask', 'drop'])
  const pushed = pushFront(packet, etherHeaderBytes, l.failed)
  const at = unreached(pushed.packet)
  const timed = querier.timeoutNs > 0n || querier.pollNs > 0n
  const key = scratch.at
  return [
    pushed.code,
    loadSlot('r0', slot('ipaddr')),
    jeq('r0', 0, l.drop),
    ldx('u32', 'r0', 'r10', destination),
    stx('u32', 'r10', key, 'r0'),
    lookUp(querier.table, key),
    jeq('r0', 0, l.special),
    mov('r9', 'r0'),
    timed ? [call('ktimeGetCoarseNs'), mov('r8', 'r0')] : [],
    ldx('u32', 'r3', 'r10', destination),
    loadKnown(querier, { of: 'r9', key: 'r3', now: 'r8' }, l.special),
    querier.pollNs === 0n ? mov('r8', 'r0') : poll(place, at, l.known),
    label(l.known),
    header(place, at),
    output(0, sent(at)),

    label(l.special),
    ldx('u32', 'r3', 'r10', destination),
    ldImm64('r8', 0xffff_ffff_ffffn),
    mov('r0', 'r8'),
    and32('r0', -1),
    jeq('r3', 'r0', l.known),
    loadSlot('r0', slot('broadcast')),
    jeq('r3', 'r0', l.known),
    mov('r0', 'r3'),
    and('r0', 0xf0),
    jne('r0', 0xe0, l.unknown),
    // 01-00-5E and the low 23 bits: RFC 1112, section 6.4.
    mov('r8', 'r3'),
    rsh('r8', 8),
    and('r8', 0xff_ff7f),
    lsh('r8', 24),
    or('r8', loaded([0x01, 0x00, 0x5e])),
    jump(l.known),

    label(l.unknown),
    jeq('r3', 0, l.drop),
    mov('r1', 'r6'),
    mov('r2', at.offset + etherHeaderBytes),
    mov('r3', 'r10'),
    add('r3', packetTypeSlot),
    callFunction(
      querier.routine('keep', () => writeKeep(querier), { parameters: ['skb', 'number', { bytes: annotationBytes }] }),
    ),
    jeq('r0', kept.ask, l.ask),
    mov('r8', 'r0'),
    jne('r0', kept.quietly, l.known),
    place.drop(at),
    label(l.ask),
    ask(place, at),

    label(l.failed),
    countIn(slot('drops')),
    place.drop(unreached(packet)),
    label(l.drop),
    countIn(slot('drops')),
    place.drop(at),
  ]
}

const sent = (packet: Packet): Packet => ({
  ...packet,
  mac: packet.offset,
  reachable: packet.offset + etherHeaderBytes,
})

/** Writes the Ethernet header, to the address in the low 48 bits of r8. */
const header = ({ querier, dropLabel, newLabel }: Place, packet: Packet): Code => {
  const at = packet.offset
  return [
    reach(packet, etherHeaderBytes, dropLabel(packet), newLabel).code,
    stx('u32', 'r7', at, 'r8'),
    rsh('r8', 32),
    stx('u16', 'r7', at + 4, 'r8'),
    st('u16', 'r7', at + 6, loaded(querier.ether.slice(0, 2))),
    st('u32', 'r7', at + 8, loaded(querier.ether.slice(2))),
    st('u16', 'r7', at + 12, loaded(bytes16(0x0800))),
  ]
}

/** The query begins where the frame does. */
const queryOf = (packet: Packet, growth: number): Packet => ({
  ...unreached(packet),
  offset: 0,
  network: undefined,
  mac: 0,
  grown: packet.grown + growth,
})

/** r0 = r8 = what the routine says; r3 is whom to ask. */
const makeQuery = (querier: Querier, packet: Packet, mayGrow: boolean): Code => [
  mov('r1', 'r6'),
  ldx('u32', 'r2', 'r10', destination),
  mov('r4', mayGrow ? 1 : 0),
  callFunction(querier.routine('ask', () => writeAsk(querier))),
  reload(packet),
  mov('r8', 'r0'),
]

/** The frame becomes a query for all. */
const ask = ({ querier, outputs, outputLabel, dropLabel, slot, newLabel }: Place, packet: Packet): Code => {
  const grown = newLabel('grown')
  return [
    mov('r3', -1),
    makeQuery(querier, packet, true),
    jslt('r8', 0, dropLabel(packet)),
    countIn(slot('queries')),
    freshAnnotations,
    jne('r8', 0, grown),
    jump(outputLabel(outputs - 1, queryOf(packet, 0))),
    label(grown),
    jump(outputLabel(outputs - 1, queryOf(packet, queryGrowth))),
  ]
}

/**
 * r0 is the address word of the entry r9, r8 the time. Where the address was learnt long enough ago to be asked for again, a query goes first.
 * Goes on to `known`, the word in r8. A packet that the kernel is still to cut up would be cut off: another one asks.
 */
const poll = (place: Place, packet: Packet, known: string): Code => {
  const { querier, broadcastPoll, outputs, output, detour, newLabel, slot } = place
  const asked: Code = broadcastPoll
    ? [mov('r3', -1)]
    : [ldx('u16', 'r3', 'r7', packet.offset + 4), lsh('r3', 32), ldx('u32', 'r0', 'r7', packet.offset), or('r3', 'r0')]
  const query = (none: string): Code => [
    reach(packet, etherHeaderBytes, none, newLabel).code,
    asked,
    makeQuery(querier, packet, false),
    jslt('r8', 0, none),
    countIn(slot('queries')),
    freshAnnotations,
  ]
  return [
    mov('r3', 'r8'),
    mov('r8', 'r0'),
    ldImm64('r1', querier.pollNs),
    ldx('u64', 'r2', 'r9', entry.liveAt),
    add('r1', 'r2'),
    jlt('r3', 'r1', known),
    ldx('u32', 'r1', 'r6', skb.segmentBytes),
    jne('r1', 0, known),
    mov('r1', 'r9'),
    mov('r2', 'r3'),
    callFunction(querier.routine('may_ask', () => writeMayAsk(querier))),
    jeq('r0', 0, known),
    header(place, packet),
    detour({
      name: 'poll',
      port: outputs - 1,
      packet,
      make: (none) => ({ code: query(none), packet: queryOf(packet, 0) }),
      restores: true,
      after: (after) => output(0, { ...after, mac: after.offset }),
    }),
  ]
}

/** Input 1: ARP replies. */
const learn = (place: Place): Code => {
  const { packet, querier, dropLabel, newLabel, slot } = place
  const at = packet.offset
  const ended = dropLabel(unreached(packet))
  const unless = (offset: number, value: number): Code => [
    ldx('u16', 'r0', 'r7', at + offset),
    jne('r0', loaded(bytes16(value)), ended),
  ]
  const words = place.kept()
  const offset = place.modifiedAfter(0) ? headroomBytes : 0
  const base: Packet = { ...unreached(packet), offset, network: undefined, mac: offset }
  return [
    reach(packet, arpBytes, ended, newLabel).code,
    countIn(slot('responses')),
    unless(12, 0x0806),
    unless(14, 1),
    unless(16, 0x0800),
    unless(20, 2),
    ldx('u8', 'r0', 'r7', at + 22),
    jset('r0', 1, ended),
    ldx('u16', 'r9', 'r7', at + 26),
    lsh('r9', 32),
    ldx('u32', 'r0', 'r7', at + 22),
    or('r9', 'r0'),
    ldx('u32', 'r1', 'r7', at + 28),
    mov('r2', 'r9'),
    callFunction(querier.routine('learn', () => writeLearn(querier))),
    jeq('r0', 0, ended),
    stx('u64', 'r10', words + word.next, 'r0'),
    stx('u64', 'r10', words + word.ether, 'r9'),
    drain(place, base, words),
  ]
}

/** What stays on the stack while packets leave: 1 + the place of the next, where to. */
const word = { next: 0, ether: 8 } as const

/**
 * Room before a packet that waited, where elements may put bytes: if each made the frame grow, the kernel would soon not let it be as short as the
 * next packet.
 */
const headroomBytes = 64

/** The frame, whose bytes do not matter any more, becomes one packet that waited after the other; to where they begin at `packet.offset`. */
const drain = (place: Place, packet: Packet, words: number): Code => {
  const { querier, detour, dropLabel } = place
  const done = dropLabel(packet)
  return [
    ldx('u64', 'r2', 'r10', words + word.next),
    jeq('r2', 0, done),
    mov('r1', 'r6'),
    mov('r3', packet.offset),
    mov('r4', 'r10'),
    add('r4', packetTypeSlot),
    callFunction(querier.routine('leave', () => writeLeave(querier))),
    reload(packet),
    jslt('r0', 0, done),
    stx('u64', 'r10', words + word.next, 'r0'),
    ldx('u64', 'r8', 'r10', words + word.ether),
    header(place, packet),
    detour({
      name: 'waiting',
      port: 0,
      packet,
      make: () => ({ code: [], packet: { ...sent(packet), network: packet.offset + etherHeaderBytes } }),
      restores: false,
      after: (after) => drain(place, after, words),
    }),
  ]
}
