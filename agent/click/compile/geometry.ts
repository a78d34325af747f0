/** Room at the front and the end of a frame. All of it moves the frame: r7 is loaded anew and nothing is reachable. Loses r0 to r5. */
import {
  add,
  call,
  callFunction,
  exit,
  globalFunction,
  type Item,
  jeq,
  jgt,
  jle,
  jlt,
  jne,
  jsle,
  jump,
  label,
  ldx,
  mov,
  mov32,
  neg,
  type Register,
  st,
  stx,
  sub,
} from '../../ebpf/asm/asm.ts'
import { loaded } from './bytes.ts'
import type { Code } from './code.ts'
import type { Site } from './element.ts'
import { noteType } from './ether-type.ts'
import {
  type Hooked,
  loadEnd,
  loadFrameLength,
  loadStart,
  type NewLabel,
  type Packet,
  reload,
  skb,
  unreached,
} from './packet.ts'
import { scratch } from './stack.ts'

/** Offsets of frames that loads, stores and the compiler's own sums can say. */
export const mostOffset = 16_000

export interface Moved {
  readonly code: Code
  readonly packet: Packet
}

/**
 * Makes the Click packet begin `bytes` earlier (Packet::push). Where a header was stripped there is room already; else the frame grows.
 * Goes to `failed` where the kernel has no memory.
 */
export const pushFront = (packet: Packet, bytes: number, failed: string): Moved => {
  if (packet.offset >= bytes) return { code: [], packet: { ...packet, offset: packet.offset - bytes } }
  const missing = bytes - packet.offset
  const later = (at: number | undefined): number | undefined => (at === undefined ? undefined : at + missing)
  return {
    code: growFront(packet, mov('r2', missing), failed),
    packet: {
      ...packet,
      offset: 0,
      network: later(packet.network),
      mac: later(packet.mac),
      reachable: 0,
      grown: packet.grown + missing,
    },
  }
}

/** Puts bytes before the frame, as many as `setCount` puts into r2: zeros at the hook of traffic control, anything at the other. */
export const growFront = (packet: Hooked, setCount: Item, failed: string): Code => [
  setCount,
  mov('r1', 'r6'),
  packet.hook === 'tc'
    ? [mov('r3', 1), stx('u32', 'r6', skb.moved, 'r3'), countGrown('r2'), mov('r3', 0), call('skbChangeHead')]
    : [neg('r2'), call('xdpAdjustHead')],
  reload(packet),
  jne('r0', 0, failed),
]

/** Bytes that come before the frame. Loses r3. */
export const countGrown = (bytes: Register | number): Code => [
  ldx('u32', 'r3', 'r6', skb.grown),
  add('r3', bytes),
  stx('u32', 'r6', skb.grown, 'r3'),
]

/**
 * Sets the length of the frame to r2, with zeros where it grows; goes to `failed` where the kernel refuses (no room, or less than an Ethernet
 * header).
 */
export const frameLength = (packet: Hooked, failed: string): Code => [
  packet.hook === 'tc'
    ? [mov('r1', 'r6'), mov('r3', 0), call('skbChangeTail')]
    : [loadFrameLength('r1', packet), sub('r2', 'r1'), mov('r1', 'r6'), call('xdpAdjustTail')],
  reload(packet),
  jne('r0', 0, failed),
]

/**
 * Packet::pull. A packet that is shorter becomes empty: its frame is made long enough to end where the packet begins, with zeros before all
 * that was stripped, so that Unstrip finds it; behind it where the frame must not move, as a network header is known or a copy is
 * to be undone.
 */
export const pullFront = (
  { packet, isCopy, dropLabel, newLabel }: Pick<Site, 'packet' | 'isCopy' | 'dropLabel' | 'newLabel'>,
  bytes: number,
): Moved => {
  const offset = packet.offset + bytes
  if (offset <= packet.reachable || bytes === 0) return { code: [], packet: { ...packet, offset } }
  const enough = newLabel('enough')
  const failed = dropLabel(packet)
  const behind = frameLength(packet, failed)
  const before =
    packet.hook === 'tc' ? growFront(packet, sub('r2', 'r1'), failed) : growZeroed(packet, failed, newLabel)
  return {
    code: [
      loadFrameLength('r1', packet),
      mov('r2', offset),
      jle('r2', 'r1', enough),
      packet.network === undefined && !isCopy ? before : behind,
      label(enough),
    ],
    packet: { ...unreached(packet), offset },
  }
}

/** Puts r2 - r1 zeros before the frame; behind it where they are more than the scratch has. */
const growZeroed = (packet: Hooked, failed: string, newLabel: NewLabel): Code => {
  const many = newLabel('many')
  const grown = newLabel('grown')
  const words = Array.from({ length: scratch.bytes / 8 }, (_, i) => st('u64', 'r10', scratch.at + 8 * i, 0))
  const count = scratch.at
  return [
    mov('r3', 'r2'),
    sub('r3', 'r1'),
    jgt('r3', scratch.bytes - 8, many),
    words,
    stx('u64', 'r10', count, 'r3'),
    growFront(packet, mov('r2', 'r3'), failed),
    mov('r1', 'r6'),
    mov('r2', 0),
    mov('r3', 'r10'),
    add('r3', scratch.at + 8),
    ldx('u64', 'r4', 'r10', count),
    jlt('r4', 1, failed),
    jgt('r4', scratch.bytes - 8, failed),
    call('xdpStoreBytes'),
    reload(packet),
    jump(grown),
    label(many),
    frameLength(packet, failed),
    label(grown),
  ]
}

/** The function that `dropFront` calls. */
export const dropFrontFunction = 'drop_front'

/**
 * Takes the first r2 bytes (at least one) off the frame. At the hook of traffic control the kernel does that (bpf_skb_adjust_room) where the frame
 * is one of IP and still as it came, as at the end of a tunnel: a packet that is still to be segmented stays one. It has no call that serves every
 * protocol; where it does not, what follows is moved, and nothing is left to be segmented.
 */
export const dropFront = (packet: Packet, failed: string): Moved => ({
  code: [
    mov('r1', 'r6'),
    packet.hook === 'tc' ? callFunction(dropFrontFunction) : call('xdpAdjustHead'),
    reload(packet),
    jne('r0', 0, failed),
  ],
  packet: unreached(packet),
})

const pieceBytes = 128
/** This is of that hook alone. */
const tc = { hook: 'tc' } as const
const frameBytes = 65_536
const etherBytes = 14
/** Where there is no piece yet. */
const etherHeader = -8 - pieceBytes
const etherType = -8
const types = { ip: loaded([0x08, 0x00]), ip6: loaded([0x86, 0xdd]) } as const
/** BPF_F_ADJ_ROOM_FIXED_GSO; with it BPF_F_ADJ_ROOM_DECAP_L3_IPV6 (Linux 6.3); BPF_ADJ_ROOM_MAC */
const room = { fixedSegments: 1, ipv6: 1 | (1 << 8), behindMac: 1 } as const

const headerWords = [0, 4, 8, 12].map((at) => ({ at, size: at === 12 ? ('u16' as const) : ('u32' as const) }))

/** The Ethernet header at r1, where all of it is within reach, else `far`: to the stack (`load`) or from there. Loses r0 to r3. */
const headerAt = (direction: 'load' | 'store', far: string): Code => [
  loadEnd('r3', tc),
  mov('r2', 'r1'),
  add('r2', etherBytes),
  jgt('r2', 'r3', far),
  headerWords.map(({ at, size }) =>
    direction === 'load'
      ? [ldx(size, 'r0', 'r1', at), stx(size, 'r10', etherHeader + at, 'r0')]
      : [ldx(size, 'r0', 'r10', etherHeader + at), stx(size, 'r1', at, 'r0')],
  ),
]

/**
 * The same by the kernel: the bytes go from behind the first Ethernet header, which that of what follows is then written over. It does that for IP
 * alone, so that other frames are made to be of IP before. Goes to `otherwise` where it does not.
 */
const dropByKernel = (otherwise: string): Code => {
  const drop = (flags: number): Code => [
    mov('r1', 'r6'),
    mov('r2', 'r7'),
    neg('r2'),
    mov('r3', room.behindMac),
    mov('r4', flags),
    call('skbAdjustRoom'),
  ]
  const header: Code = [mov('r3', 'r10'), add('r3', etherHeader), mov('r4', etherBytes)]
  return [
    ldx('u32', 'r0', 'r6', skb.moved),
    jne('r0', 0, otherwise),
    // Behind the headers of a tunnel it is within reach, as they were looked at; a call takes longer than all of this.
    jgt('r7', mostOffset, 'drop_front:far'),
    loadStart('r1', tc),
    add('r1', 'r7'),
    headerAt('load', 'drop_front:far'),
    label('drop_front:loaded'),
    ldx('u32', 'r0', 'r6', skb.protocol),
    jeq('r0', types.ip, 'drop_front:ip'),
    jeq('r0', types.ip6, 'drop_front:ip'),
    // The bytes that this writes over must be among those that go.
    jlt('r7', etherBytes, otherwise),
    st('u16', 'r10', etherType, types.ip),
    mov('r1', 'r6'),
    mov('r2', etherBytes - 2),
    mov('r3', 'r10'),
    add('r3', etherType),
    mov('r4', 2),
    mov('r5', 0),
    call('skbStoreBytes'),
    jne('r0', 0, otherwise),
    noteType(otherwise),
    label('drop_front:ip'),
    ldx('u16', 'r0', 'r10', etherHeader + 12),
    jne('r0', types.ip6, 'drop_front:plain'),
    drop(room.ipv6),
    jeq('r0', 0, 'drop_front:dropped'),
    label('drop_front:plain'),
    drop(room.fixedSegments),
    jne('r0', 0, otherwise),
    label('drop_front:dropped'),
    ldx('u32', 'r3', 'r6', skb.grown),
    sub('r3', 'r7'),
    stx('u32', 'r6', skb.grown, 'r3'),
    loadStart('r1', tc),
    headerAt('store', 'drop_front:store'),
    mov('r0', 0),
    exit(),
    label('drop_front:store'),
    mov('r1', 'r6'),
    mov('r2', 0),
    header,
    mov('r5', 0),
    call('skbStoreBytes'),
    exit(),
    label('drop_front:far'),
    mov('r1', 'r6'),
    mov('r2', 'r7'),
    header,
    call('skbLoadBytes'),
    jeq('r0', 0, 'drop_front:loaded'),
    jump(otherwise),
  ]
}

/** r1 the context, r2 how many bytes; returns 0, or else. Its stack frame is one piece, as all frames together have 512 bytes. */
export const dropFrontCode: Code = [
  globalFunction(dropFrontFunction, ['skb', 'number']),
  mov('r6', 'r1'),
  mov('r7', 'r2'),
  dropByKernel('drop_front:move'),
  label('drop_front:move'),
  ldx('u32', 'r9', 'r6', skb.length),
  sub('r9', 'r7'),
  mov('r8', 0),
  label('drop_front:next'),
  // r9 is how many bytes stay, r8 how many of them have moved.
  mov('r4', 'r9'),
  sub('r4', 'r8'),
  jsle('r4', 0, 'drop_front:moved'),
  jle('r4', pieceBytes, 'drop_front:last'),
  mov('r4', pieceBytes),
  label('drop_front:last'),
  stx('u64', 'r10', -8, 'r4'),
  mov('r1', 'r6'),
  mov('r2', 'r8'),
  add('r2', 'r7'),
  mov('r3', 'r10'),
  add('r3', -8 - pieceBytes),
  call('skbLoadBytes'),
  jne('r0', 0, 'drop_front:end'),
  mov('r1', 'r6'),
  mov('r2', 'r8'),
  mov('r3', 'r10'),
  add('r3', -8 - pieceBytes),
  ldx('u64', 'r4', 'r10', -8),
  mov('r5', 0),
  call('skbStoreBytes'),
  jne('r0', 0, 'drop_front:end'),
  add('r8', pieceBytes),
  jlt('r8', frameBytes, 'drop_front:next'),
  label('drop_front:moved'),
  mov('r0', 1),
  jsle('r9', 0, 'drop_front:end'),
  jgt('r9', frameBytes, 'drop_front:end'),
  mov('r1', 'r6'),
  mov32('r2', 'r9'),
  mov('r3', 0),
  call('skbChangeTail'),
  label('drop_front:end'),
  exit(),
]
