/**
 * Headers of a tunnel before a packet: the kernel is told of them (bpf_skb_adjust_room), so that it still makes segments and checksums of the packet
 * within where a device wants them, each with outer headers of its own. Their other end is `dropFront`.
 */
import { call, jeq, jne, jump, label, ldImm64, ldx, mov, type Size, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { Site } from './element.ts'
import { growFront, type Moved, pushFront } from './geometry.ts'
import { type Packet, reach, reload, skb } from './packet.ts'
import { scratch } from './stack.ts'
import { addressBytes, insertTags, jumpIfTagged, liftInsertedTag, saveTag, tagBytes } from './tags.ts'

/** What of Linux's tunnels the kernel takes it for when it makes segments: IP in IP, or behind a UDP or GRE header; `other` is none of them. */
export type TunnelKind = 'ip' | 'udp' | 'gre' | 'other'

export interface Tunnel {
  readonly kind: TunnelKind
  /** Of the headers from the outer IP header on. */
  readonly bytes: number
  /** What is within: a frame, or what follows the header of one. */
  readonly carries: 'ethernet' | 'ip'
}

/** BPF_F_ADJ_ROOM_*, BPF_ADJ_ROOM_MAC */
const room = {
  fixedSegments: 1n,
  ip: 1n << 1n,
  gre: 1n << 3n,
  udp: 1n << 4n,
  ethernet: 1n << 6n,
  behindMac: 1,
} as const
const etherShift = 56n
const etherBytes = 14

/** `header`: bytes of that of the frame within. */
const flagsOf = ({ kind }: Tunnel, header: number): bigint =>
  room.fixedSegments |
  room.ip |
  (kind === 'udp' || kind === 'gre' ? room[kind] : 0n) |
  (header > 0 ? room.ethernet | (BigInt(header) << etherShift) : 0n)

/**
 * Makes the Click packet begin earlier, by the headers, which are to be written; they are reachable. Where it is a whole frame, or what follows the
 * header of one, there is then room for an Ethernet header before it. Goes to `failed` where the kernel has no memory, and where it could make
 * no right segments of a packet that is still to be segmented: of another kind than Ethernet, IP and TCP, or no longer as it came. Loses r0 to r5.
 *
 * The kernel sets the length of no frame (bpf_skb_change_tail) once it knows of a tunnel: where an element to come may ask for that, it is told only of
 * packets that are to be segmented.
 */
export const pushTunnel = (
  packet: Packet,
  tunnel: Tunnel,
  { isCopy, resizedAfter, newLabel }: Pick<Site, 'isCopy' | 'resizedAfter' | 'newLabel'>,
  failed: string,
): Moved => {
  const { kind, bytes, carries } = tunnel
  const before = carries === 'ethernet' ? 0 : etherBytes
  const reached = (moved: Moved): Moved => {
    const { code, packet: after } = reach(moved.packet, bytes, failed, newLabel)
    return { code: [moved.code, code], packet: after }
  }
  if (packet.offset !== before || kind === 'other') {
    const pushed = reached(pushFront(packet, bytes, failed))
    return { code: [refuseSegments(packet, failed), pushed.code], packet: pushed.packet }
  }
  const growth = bytes + etherBytes - before
  const later = (at: number | undefined): number | undefined => (at === undefined ? undefined : at + growth)
  const after: Packet = {
    ...packet,
    tagBeside: false,
    offset: etherBytes,
    network: later(packet.network),
    mac: later(packet.mac),
    reachable: 0,
    grown: packet.grown + growth,
  }
  const plain = reached({ code: growFront(packet, mov('r2', growth), failed), packet: after })
  // The bytes of a copy are put back, but not what the kernel is told of them.
  if (packet.hook === 'xdp' || isCopy) {
    return { code: [refuseSegments(packet, failed), plain.code], packet: plain.packet }
  }
  const pushed = newLabel('pushed')
  const isEthernet = carries === 'ethernet'
  /** What the kernel puts before the packet, where a tag of the frame is to go into it; the header of the frame, which it puts that behind, is saved. */
  const push = (tag: 0 | typeof tagBytes): Code => {
    const [again, otherwise, made] = [newLabel('again'), newLabel('otherwise'), newLabel('made')]
    const header = isEthernet ? etherBytes + tag : 0
    const adjust = (flags: bigint, refused: string): Code => [
      mov('r1', 'r6'),
      mov('r2', growth + tag),
      mov('r3', room.behindMac),
      ldImm64('r4', flags),
      call('skbAdjustRoom'),
      reload(packet),
      jne('r0', 0, refused),
    ]
    return [
      resizedAfter(0) ? [ldx('u32', 'r0', 'r6', skb.segmentBytes), jeq('r0', 0, otherwise)] : [],
      ldx('u32', 'r0', 'r6', skb.moved),
      jne('r0', 0, otherwise),
      adjust(flagsOf(tunnel, header), again),
      jump(made),
      label(made),
      reach(after, bytes + header, failed, newLabel).code,
      restoreHeader(etherBytes + bytes, header),
      jump(pushed),
      label(again),
      // It has come out of another tunnel, of which the kernel still knows: where the packet within begins is the same.
      adjust(room.fixedSegments, otherwise),
      jump(made),
      label(otherwise),
      refuseSegments(packet, failed),
      growFront(packet, mov('r2', growth + tag), failed),
      jump(made),
    ]
  }
  if (!isEthernet) return { code: [push(0), label(pushed)], packet: plain.packet }
  const { code: lift, packet: frame } = liftInsertedTag(packet, failed, newLabel)
  const [tagged, several] = [newLabel('tagged'), newLabel('several_tags')]
  return {
    code: [
      lift,
      reach(frame, etherBytes, failed, newLabel).code,
      saveHeader,
      ldx('u32', 'r0', 'r6', skb.vlanPresent),
      jne('r0', 0, tagged),
      push(0),
      label(tagged),
      // The type comes behind the tag.
      ldx('u16', 'r0', 'r10', scratch.at + addressBytes),
      jumpIfTagged('r0', several),
      stx('u16', 'r10', scratch.at + etherBytes + tagBytes - 2, 'r0'),
      saveTag(scratch.at + addressBytes),
      call('skbVlanPop'),
      reload(packet),
      jne('r0', 0, failed),
      push(tagBytes),
      label(several),
      // No sender leaves segments of such a frame to its device (vlan_features_check of Linux).
      refuseSegments(packet, failed),
      insertTags(frame, failed, newLabel).code,
      plain.code,
      jump(pushed),
      label(pushed),
    ],
    packet: plain.packet,
  }
}

/** Words of the header of a frame, with a tag or without. */
const wordsOf = (bytes: number): readonly { readonly at: number; readonly size: Size }[] => [
  ...Array.from({ length: bytes >> 2 }, (_, i) => ({ at: 4 * i, size: 'u32' as const })),
  ...(bytes % 4 === 0 ? [] : [{ at: bytes - 2, size: 'u16' as const }]),
]

const saveHeader: Code = wordsOf(etherBytes).map(({ at, size }) => [
  ldx(size, 'r0', 'r7', at),
  stx(size, 'r10', scratch.at + at, 'r0'),
])

const restoreHeader = (to: number, bytes: number): Code =>
  wordsOf(bytes).map(({ at, size }) => [ldx(size, 'r0', 'r10', scratch.at + at), stx(size, 'r7', to + at, 'r0')])

const refuseSegments = (packet: Pick<Packet, 'hook'>, failed: string): Code =>
  packet.hook === 'tc' ? [ldx('u32', 'r0', 'r6', skb.segmentBytes), jne('r0', 0, failed)] : []
