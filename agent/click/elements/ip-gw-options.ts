/**
 * IPGWOptions: options are changed where they are. A packet with a wrong one leaves with what was written before it and its checksum as it came, as
 * in Click. Times are those of the wall clock as it was when the router was loaded, counted on: a step of that clock is not followed.
 *
 * A packet that ends within its options is dropped; Click would read what is behind it.
 */
import { ipGwOptions as of } from '../../../click/elements/ip-gw-options.ts'
import {
  add,
  and,
  be,
  call,
  div,
  jeq,
  jeq32,
  jgt,
  jle,
  jlt,
  jne,
  jump,
  label,
  ldx,
  lsh,
  mod,
  mov,
  st,
  stx,
  sub,
  xor,
} from '../../ebpf/asm/asm.ts'
import { bytes32, loaded, sumIpHeader } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { forget } from '../compile/forget.ts'
import { bounded, pullUpTo } from '../compile/linear.ts'
import { loadFrameLength, type NewLabel, type Packet, reach, unreached } from '../compile/packet.ts'
import { annotationSlot, scratch } from '../compile/stack.ts'
import { countIn, loadSlot } from '../compile/state.ts'
import { readSlot } from '../handlers.ts'
import { option, reachOption, walkOptions } from './ip-options.ts'
import { networkHeader } from './network-header.ts'

const problem = annotationSlot(17)
/** Whether an option was met that is for us. */
const changed = scratch.at
/** By the option's length, which to the verifier is like what was there: else it would go all ways twice. */
const note: Code = [mov('r0', 'r4'), and('r0', 255), stx('u64', 'r10', changed, 'r0')]
/** Milliseconds since midnight, as on the wire. */
const time = scratch.at + 8
const dayMs = 86_400_000
const msNs = 1_000_000

interface Place {
  readonly packet: Packet
  /** Of the IP header, in the frame. */
  readonly at: number
  readonly own: number
  readonly all: readonly number[]
  /** Where a byte is wrong, 2 or 3 bytes behind the option's beginning. */
  readonly wrong: Readonly<Record<2 | 3, string>>
  /** The option is done. */
  readonly over: string
  readonly newLabel: NewLabel
}

/** r3 = the option at r2, r5 = its pointer, which counts from 1; r4 is its length. */
const loadPointer = ({ packet, at, wrong }: Place): Code => [
  reachOption(packet, at + 3, wrong[2]),
  mov('r3', 'r2'),
  ldx('u8', 'r5', 'r3', at + 2),
]

/** r2 = where the pointer points to, if the option has `bytes` from there; to `full` if not. */
const room = ({ packet, at, wrong }: Place, bytes: number, full: string): Code => [
  mov('r0', 'r5'),
  add('r0', bytes - 1),
  jgt('r0', 'r4', full),
  // In this order: a pointer that was 1 byte before the frame for a moment is none to the verifier.
  mov('r2', 'r5'),
  sub('r2', 1),
  add('r2', 'r3'),
  // It is there, which the verifier does not see.
  reachOption(packet, at + bytes, wrong[2]),
]

const advance = (at: number, bytes: number): Code => [add('r5', bytes), stx('u8', 'r3', at + 2, 'r5')]

const writeTime = (at: number): Code => [ldx('u32', 'r0', 'r10', time), stx('u32', 'r2', at, 'r0')]

const recordRoute = (place: Place): Code => {
  const { at, own, wrong, over, newLabel } = place
  const full = newLabel('full')
  return [
    loadPointer(place),
    jlt('r5', 4, full),
    room(place, 4, full),
    st('u32', 'r2', at, loaded(bytes32(own))),
    advance(at, 4),
    jump(over),
    label(full),
    sub('r5', 1),
    jne('r5', 'r4', wrong[2]),
    jump(over),
  ]
}

/** Times alone, times with addresses, or with those addresses that the sender has set. */
const flags = { times: 0, addresses: 1, specified: 3 } as const

const timestamp = (place: Place): Code => {
  const { packet, at, own, all, wrong, over, newLabel } = place
  const [addresses, specified, full] = [newLabel('addresses'), newLabel('specified'), newLabel('full')]
  const mine = newLabel('mine')
  return [
    loadPointer(place),
    jlt('r5', 5, wrong[2]),
    reachOption(packet, at + 4, wrong[3]),
    ldx('u8', 'r0', 'r3', at + 3),
    and('r0', 15),
    jeq('r0', flags.addresses, addresses),
    jeq('r0', flags.specified, specified),
    jne('r0', flags.times, wrong[3]),
    room(place, 4, full),
    writeTime(at),
    advance(at, 4),
    jump(over),
    label(addresses),
    room(place, 8, full),
    st('u32', 'r2', at, loaded(bytes32(own))),
    writeTime(at + 4),
    advance(at, 8),
    jump(over),
    label(specified),
    room(place, 8, wrong[3]),
    ldx('u32', 'r0', 'r2', at),
    all.map((address) => jeq32('r0', loaded(bytes32(address)), mine)),
    jump(over),
    label(mine),
    writeTime(at + 4),
    advance(at, 8),
    jump(over),
    // The upper four bits count the routers that had no room.
    label(full),
    ldx('u8', 'r0', 'r3', at + 3),
    add('r0', 16),
    jgt('r0', 255, wrong[3]),
    stx('u8', 'r3', at + 3, 'r0'),
    jump(over),
  ]
}

const changeOptions = (site: Site<(typeof of)['arguments']>): Code => {
  const { values, packet, output, outputLabel, dropLabel, newLabel, slot } = site
  const { MYADDR, OTHERADDRS = [] } = values
  const at = networkHeader(site)
  const drop = dropLabel(unreached(packet))
  const reached = reach(packet, at + 20 - packet.offset, drop, newLabel)
  const [pass, bad, malformed] = [newLabel('pass'), newLabel('bad'), newLabel('malformed')]
  const [times, ours, over] = [newLabel('times'), newLabel('ours'), newLabel('over')]
  const wrong = { 2: newLabel('wrong_pointer'), 3: newLabel('wrong_flags') }
  const place: Place = { packet, at, own: MYADDR, all: [...OTHERADDRS, MYADDR], wrong, over, newLabel }
  return [
    reached.code,
    ldx('u8', 'r8', 'r7', at),
    and('r8', 15),
    lsh('r8', 2),
    jle('r8', 20, pass),
    loadFrameLength('r1', packet),
    sub('r1', at),
    jgt('r8', 'r1', drop),
    pullUpTo(packet, at + 60, drop, newLabel),
    call('ktimeGetNs'),
    loadSlot('r1', slot('clock')),
    add('r0', 'r1'),
    div('r0', msNs),
    mod('r0', dayMs),
    be('r0', 32),
    stx('u32', 'r10', time, 'r0'),
    mov('r0', 0),
    forget(packet, 'r0', 255),
    stx('u64', 'r10', changed, 'r0'),
    walkOptions(packet, {
      at,
      malformed,
      newLabel,
      option: [
        jeq('r3', option.recordRoute, ours),
        jeq('r3', option.timestamp, times),
        jump(over),
        label(ours),
        note,
        recordRoute(place),
        label(times),
        note,
        timestamp(place),
        label(over),
      ],
    }),
    bounded(packet, 'r7', at + 20, drop),
    ldx('u64', 'r0', 'r10', changed),
    jeq('r0', 0, pass),
    st('u16', 'r7', at + 10, 0),
    sumIpHeader(packet, at, drop, newLabel),
    xor('r0', 0xffff),
    stx('u16', 'r7', at + 10, 'r0'),
    label(pass),
    output(0, reached.packet),
    label(wrong[3]),
    add('r9', 1),
    label(wrong[2]),
    add('r9', 1),
    label(malformed),
    add('r9', 1),
    label(bad),
    stx('u8', 'r10', problem, 'r9'),
    countIn(slot('drops')),
    jump(outputLabel(1, unreached(packet))),
  ]
}

export const ipGwOptions = compileElement(of, {
  slots: () => ({ drops: 0n, clock: 0n }),
  // Nanoseconds from the kernel's monotonic clock to the wall's.
  start: ({ set }) => set('clock', BigInt(Date.now()) * BigInt(msNs) - process.hrtime.bigint()),
  compile: (site) => {
    const { packet, output, dropLabel, newLabel } = site
    const at = networkHeader(site)
    const reached = reach(packet, at + 20 - packet.offset, dropLabel(unreached(packet)), newLabel)
    const some = newLabel('some')
    return [
      reached.code,
      ldx('u8', 'r0', 'r7', at),
      and('r0', 15),
      jgt('r0', 5, some),
      output(0, reached.packet),
      label(some),
      site.outline('options', reached.packet, (known) => changeOptions({ ...site, packet: known })),
    ]
  },
  modifies: true,
  handlers: { drops: readSlot('drops') },
})
