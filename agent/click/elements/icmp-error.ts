/**
 * ICMPError: the packet becomes the error about it. Its headers go where what was before the IP header was, or before that; what follows of
 * the packet stays where it is, cut to MTU. Identifications are counted from 1, over all ICMPErrors of a router as in Click.
 *
 * No error about a packet that ends within its IP header or is ICMP without a type; Click would read what is behind it.
 */
import { formatIpAddress, readIpAddress } from '../../../click/arguments/addresses.ts'
import { integer } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { icmpErrorCode, icmpError as of } from '../../../click/elements/icmp-error.ts'
import {
  add,
  and,
  atomicFetchAdd,
  be,
  call,
  jeq,
  jeq32,
  jgt,
  jle,
  jlt,
  jne,
  jump,
  label,
  ldMapValue,
  ldx,
  lsh,
  mov,
  type Register,
  rsh,
  st,
  stx,
  sub,
  xor,
} from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { frameLength, growFront } from '../compile/geometry.ts'
import { bounded, pullUpTo } from '../compile/linear.ts'
import { loadFrameLength, type NewLabel, type Packet, reach, reload, unreached } from '../compile/packet.ts'
import { annotationSlot, packetType, packetTypeSlot, scratch } from '../compile/stack.ts'
import { loadSlot, stateMap } from '../compile/state.ts'
import { sumFrame, sumFunctions } from '../compile/sum.ts'
import { type ElementState, HandlerError } from '../handlers.ts'
import { option, reachOption, walkOptions } from './ip-options.ts'
import { networkHeader } from './network-header.ts'

const icmp = { unreachable: 3, redirect: 5, timeExceeded: 11, parameterProblem: 12 } as const
const needFragmentation = 4
const errorTypes = [3, 4, 5, 11, 12]
/** IP and ICMP header, without options. */
const headerBytes = 28
/** So much before them that an Ethernet header has room. */
const leastStart = 14
/** Every header, and nothing of the packet. */
const leastMtu = 68
const mostRoute = 40

const annotation = { destination: 0, problem: 17, fixSource: 19 } as const
const allAnnotations = [0, 8, 16, 24, 32, 40]

/** In the scratch: the IP header with its options; where the last address of a source route is; the ICMP header. */
const ip = scratch.at
const lastAddress = scratch.at + 60
const error = scratch.at + 64

/** The kernel's call that copies bytes of a frame to the stack or back. */
const transfer = (packet: Packet, direction: 'load' | 'store', failed: string): Code => [
  mov('r1', 'r6'),
  packet.hook === 'tc'
    ? direction === 'load'
      ? call('skbLoadBytes')
      : [mov('r5', 0), call('skbStoreBytes')]
    : call(direction === 'load' ? 'xdpLoadBytes' : 'xdpStoreBytes'),
  jne('r0', 0, failed),
]

/** To `drop` for what is no unicast address; r0 is the first byte of it after. */
const unicast = (at: number, bad: readonly number[], drop: string): Code => [
  ldx('u32', 'r0', 'r7', at),
  [0xffff_ffff, ...bad].map((address) => jeq32('r0', loaded(bytes32(address)), drop)),
  ldx('u8', 'r0', 'r7', at),
  mov('r1', 'r0'),
  and('r1', 0xf0),
  jeq('r1', 0xe0, drop),
]

/** RFC 1812 section 4.3.2.7: what no error is sent about. r8 = the length of the IP header at `at`. */
const refuseWrong = (packet: Packet, at: number, bad: readonly number[], drop: string, newLabel: NewLabel): Code => {
  const other = newLabel('not_icmp')
  return [
    ldx('u8', 'r8', 'r7', at),
    and('r8', 15),
    lsh('r8', 2),
    ldx('u8', 'r0', 'r7', at + 9),
    jne('r0', 1, other),
    loadFrameLength('r1', packet),
    mov('r0', 'r8'),
    add('r0', packet.offset + 4),
    jgt('r0', 'r1', drop),
    pullUpTo(packet, at + 61, drop, newLabel),
    mov('r9', 'r7'),
    add('r9', 'r8'),
    bounded(packet, 'r9', at + 1, drop),
    ldx('u8', 'r0', 'r9', at),
    errorTypes.map((type) => jeq('r0', type, drop)),
    bounded(packet, 'r7', at + 20, drop),
    label(other),
    unicast(at + 16, bad, drop),
    ldx('u64', 'r0', 'r10', packetTypeSlot),
    jeq('r0', packetType.broadcast, drop),
    jeq('r0', packetType.multicast, drop),
    unicast(at + 12, bad, drop),
    jeq('r0', 0, drop),
    jeq('r0', 127, drop),
    jeq('r1', 0xf0, drop),
    ldx('u16', 'r0', 'r7', at + 6),
    and('r0', loaded(bytes16(0x1fff))),
    jne('r0', 0, drop),
  ]
}

interface Kind {
  readonly type: number
  readonly code: number
}

const isProblem = ({ type, code }: Kind): boolean => type === icmp.parameterProblem && code === 0

/**
 * r9 = how many bytes of options the error needs to go back by a source route, 0 without one. They are begun in the scratch, where all else of
 * the IP header becomes zero. Makes no error of a redirect (RFC 1812 sections 4.3.2.6, 5.2.7.2).
 */
const findRoute = (packet: Packet, at: number, kind: Kind, drop: string, newLabel: NewLabel): Code => {
  const [none, done] = [newLabel('no_route'), newLabel('route_done')]
  const [route, over, found] = [newLabel('route'), newLabel('over'), newLabel('found')]
  const problem: Code = isProblem(kind)
    ? [
        ldx('u8', 'r1', 'r10', annotationSlot(annotation.problem)),
        jlt('r1', 'r9', found),
        add('r4', 'r9'),
        jlt('r1', 'r4', none),
      ]
    : []
  const each: Code = [
    jeq('r3', option.looseRoute, route),
    jne('r3', option.strictRoute, over),
    label(route),
    reachOption(packet, at + 3, over),
    // Where its next address would be, counted from 1: the bytes before are those that it has been to, behind a header of 3.
    ldx('u8', 'r0', 'r2', at + 2),
    jlt('r0', 4, over),
    jgt('r0', mostRoute, over),
    mov('r1', 'r0'),
    and('r1', 3),
    jne('r1', 0, over),
    mov('r1', 'r4'),
    add('r1', 1),
    jgt('r0', 'r1', over),
    kind.type === icmp.redirect ? jump(drop) : [],
    problem,
    label(found),
    stx('u8', 'r10', ip + 20, 'r3'),
    mov('r1', 'r0'),
    sub('r1', 1),
    stx('u8', 'r10', ip + 21, 'r1'),
    st('u8', 'r10', ip + 22, 4),
    add('r9', 'r0'),
    sub('r9', 5),
    stx('u32', 'r10', lastAddress, 'r9'),
    mov('r9', 'r0'),
    jump(done),
    label(over),
  ]
  return [
    [0, 8, 16, 24, 32, 40, 48, 56].map((k) => st('u64', 'r10', ip + k, 0)),
    jle('r8', 20, none),
    pullUpTo(packet, at + 60, drop, newLabel),
    walkOptions(packet, { at, option: each, malformed: none, newLabel }),
    label(none),
    mov('r9', 0),
    label(done),
    reload(packet),
    bounded(packet, 'r7', at + 20, drop),
  ]
}

/** A slot of 16 bits, in the order of the network. */
const store16 = (register: Register, at: number): Code => [be(register, 16), stx('u16', 'r10', at, register)]

type Slot = (name: string) => number

/** Both headers in the scratch but for what depends on their lengths, and the annotations of the error. */
const beginHeaders = (at: number, kind: Kind, fix: boolean, slot: Slot): Code => [
  mov('r0', 'r9'),
  rsh('r0', 2),
  add('r0', 0x45),
  stx('u8', 'r10', ip, 'r0'),
  ldMapValue('r1', stateMap, slot('icmp_identification')),
  mov('r0', 1),
  atomicFetchAdd('u64', 'r1', 0, 'r0'),
  store16('r0', ip + 4),
  st('u16', 'r10', ip + 8, loaded([200, 1])),
  loadSlot('r0', slot('src')),
  be('r0', 32),
  stx('u32', 'r10', ip + 12, 'r0'),
  ldx('u32', 'r2', 'r7', at + 12),
  stx('u32', 'r10', ip + 16, 'r2'),
  st('u32', 'r10', error, loaded([kind.type, kind.code, 0, 0])),
  st('u32', 'r10', error + 4, 0),
  isProblem(kind)
    ? [ldx('u8', 'r0', 'r10', annotationSlot(annotation.problem)), stx('u8', 'r10', error + 4, 'r0')]
    : [],
  kind.type === icmp.redirect
    ? [ldx('u32', 'r0', 'r10', annotationSlot(annotation.destination)), stx('u32', 'r10', error + 4, 'r0')]
    : [],
  kind.type === icmp.unreachable && kind.code === needFragmentation
    ? [loadSlot('r0', slot('pmtu')), store16('r0', error + 6)]
    : [],
  allAnnotations.map((offset) => st('u64', 'r10', annotationSlot(offset), 0)),
  st('u64', 'r10', packetTypeSlot, packetType.host),
  stx('u32', 'r10', annotationSlot(annotation.destination), 'r2'),
  fix ? st('u8', 'r10', annotationSlot(annotation.fixSource), 1) : [],
]

/** The addresses of a source route of r9 bytes, the last one first, from the packet, whose IP header is at `at`. */
const copyRoute = (packet: Packet, at: number, failed: string, newLabel: NewLabel): Code => {
  const copied = newLabel('copied')
  const places = Array.from({ length: mostRoute / 4 - 1 }, (_, k) => 4 * k)
  return [
    places.map((k) => [
      jle('r9', 4 + k, copied),
      ldx('u32', 'r2', 'r10', lastAddress),
      add('r2', at - k),
      mov('r3', 'r10'),
      add('r3', ip + 23 + k),
      mov('r4', 4),
      transfer(packet, 'load', failed),
    ]),
    label(copied),
  ]
}

/** Lengths and checksums, and both headers into the frame: r8 bytes of the packet begin r9 + `payload` bytes in. */
const finishHeaders = (packet: Packet, payload: number, failed: string, newLabel: NewLabel): Code => [
  mov('r0', 'r8'),
  add('r0', 'r9'),
  add('r0', headerBytes),
  store16('r0', ip + 2),
  mov('r1', 0),
  mov('r2', 0),
  mov('r3', 'r10'),
  add('r3', ip),
  mov('r4', 'r9'),
  add('r4', 20),
  mov('r5', 0),
  call('csumDiff'),
  fold('r0'),
  xor('r0', 0xffff),
  stx('u16', 'r10', ip + 10, 'r0'),
  mov('r2', payload - headerBytes),
  mov('r3', 'r10'),
  add('r3', ip),
  mov('r4', 'r9'),
  add('r4', 20),
  transfer(packet, 'store', failed),
  mov('r0', 'r8'),
  mov('r8', 'r9'),
  add('r8', payload),
  mov('r9', 'r0'),
  sumFrame(packet, failed, newLabel),
  [error, error + 4].map((at) => [ldx('u32', 'r1', 'r10', at), add('r0', 'r1')]),
  fold('r0'),
  xor('r0', 0xffff),
  stx('u16', 'r10', error + 2, 'r0'),
  mov('r2', 'r8'),
  sub('r2', 8),
  mov('r3', 'r10'),
  add('r3', error),
  mov('r4', 8),
  transfer(packet, 'store', failed),
  reload(packet),
]

const makeError = (site: Site<(typeof of)['arguments']>): Code => {
  const { values, packet, output, dropLabel, newLabel, slot } = site
  const at = networkHeader(site)
  const kind = { type: values.TYPE, code: icmpErrorCode(values.TYPE, values.CODE) ?? 0 }
  const { BADADDRS = [] } = values
  const drop = dropLabel(unreached(packet))
  const start = Math.max(at - headerBytes, leastStart)
  const growth = start + headerBytes - at
  const made: Packet = {
    ...unreached(packet),
    offset: start,
    network: start,
    mac: undefined,
    grown: packet.grown + growth,
  }
  const failed = dropLabel(made)
  const payload = start + headerBytes
  const whole = newLabel('whole')
  return [
    reach(packet, at + 20 - packet.offset, drop, newLabel).code,
    refuseWrong(packet, at, BADADDRS, drop, newLabel),
    findRoute(packet, at, kind, drop, newLabel),
    beginHeaders(at, kind, values.SET_FIX_ANNO, slot),
    copyRoute(packet, at, drop, newLabel),
    loadFrameLength('r8', packet),
    sub('r8', at),
    loadSlot('r1', slot('mtu')),
    sub('r1', headerBytes),
    sub('r1', 'r9'),
    jle('r8', 'r1', whole),
    mov('r8', 'r1'),
    label(whole),
    // Also where nothing is cut: it ends what the kernel would do to the packet later (GSO).
    mov('r2', 'r8'),
    add('r2', at),
    frameLength(packet, drop),
    add('r9', growth),
    growFront(packet, mov('r2', 'r9'), drop),
    sub('r9', growth),
    finishHeaders(packet, payload, failed, newLabel),
    output(0, made),
  ]
}

const size = integer(0, 0xffff_ffff)

const numberHandler = (slot: string, least: number) => ({
  read: ({ get }: ElementState): string => get(slot).toString(),
  write: ({ set }: ElementState, text: string): void => {
    const value = size.parse(text)
    if (isRefusal(value)) throw new HandlerError(value.refused)
    if (value < least) throw new HandlerError(`out of range, bound ${least}`)
    set(slot, BigInt(value))
  },
})

export const icmpError = compileElement(of, {
  slots: ({ values }) => ({ src: BigInt(values.SRC), mtu: BigInt(values.MTU), pmtu: BigInt(values.PMTU) }),
  shared: { icmp_identification: 1n },
  settings: ['src', 'mtu', 'pmtu'],
  unsupported: ({ values }) => (values.MTU < leastMtu ? `an MTU under ${leastMtu}` : undefined),
  functions: sumFunctions,
  // Few packets have one.
  compile: (site) => site.outline('error', site.packet, (packet) => makeError({ ...site, packet })),
  modifies: true,
  resizes: true,
  handlers: {
    src: {
      read: ({ get }) => formatIpAddress(Number(get('src'))),
      write: ({ set }, text) => {
        const address = readIpAddress(text)
        if (address === undefined) throw new HandlerError('expected IP address')
        set('src', BigInt(address))
      },
    },
    mtu: numberHandler('mtu', leastMtu),
    pmtu: numberHandler('pmtu', 0),
  },
})
