/**
 * A packet in a program: what is known of it while compiling, and how its bytes are reached. What differs between the hooks of the kernel is
 * known here and in `geometry.ts`, `linear.ts`, `prologue.ts` and `leave.ts`, and in no element.
 *
 * r6 holds the context (struct __sk_buff or xdp_md) and r7 points to the first byte of the frame, in every element. A frame is what the kernel
 * sends or received; a Click packet is what lies from `offset` on in it, so that Strip and Unstrip move a number of the compiler.
 */
import { add, call, jgt, jlt32, jump, label, ldx, mov, type Register, sub } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'

/** Where in the kernel a program runs: in traffic control (TCX, clsact), or before there is a socket buffer. */
export type Hook = 'tc' | 'xdp'

/** Bytes count from the start of the frame. The length of a frame is never below `offset`. */
export interface Packet {
  readonly hook: Hook
  /** Where the Click packet begins. */
  readonly offset: number
  /** The network header annotation, where one is set. */
  readonly network: number | undefined
  /** The MAC header annotation. */
  readonly mac: number | undefined
  /** How many bytes from r7 on the verifier lets the program touch. */
  readonly reachable: number
  /** Whether the outermost VLAN tag of the frame may be beside it, not in it (`tags.ts`): then the packet is the whole frame. */
  readonly tagBeside: boolean
  /** By how many bytes the frame has grown at its front since it came: its first byte then is its byte `grown` now. */
  readonly grown: number
}

export const received = (hook: Hook): Packet => ({
  hook,
  offset: 0,
  network: undefined,
  mac: 0,
  reachable: 0,
  tagBeside: false,
  grown: 0,
})

/** The same for packets of which the same is known. */
export const packetKey = ({ offset, network, mac, reachable, tagBeside }: Packet): string =>
  [offset, network, mac, reachable, tagBeside].join(',')

/** Offsets in struct __sk_buff (linux/bpf.h), for what there is at hooks of traffic control alone. */
export const skb = {
  length: 0,
  packetType: 4,
  mark: 8,
  protocol: 16,
  vlanPresent: 20,
  vlanTci: 24,
  vlanProtocol: 28,
  priority: 32,
  /**
   * The first word that is a program's own: whether the kernel still knows where the headers of the frame begin. 0 as long as it does, 2 where it would
   * if the frame's VLAN tags were not in it, else 1.
   */
  moved: 48,
  /** The second one: bytes that were put before the frame less those that the kernel took from there, as a signed number. For copies. */
  grown: 52,
  /** gso_size: 0 but where the kernel is still to segment a packet. */
  segmentBytes: 176,
} as const

/** Offsets of the pointers in struct __sk_buff and struct xdp_md. */
const pointers = { tc: { data: 76, dataEnd: 80 }, xdp: { data: 0, dataEnd: 4 } } as const satisfies Record<Hook, object>

/** What any piece of code has to know of a packet to touch it. */
export type Hooked = Pick<Packet, 'hook'>

/** The first byte that can be touched. */
export const loadStart = (into: Register, { hook }: Hooked): Code => [ldx('u32', into, 'r6', pointers[hook].data)]

/** After whatever may have moved the frame. */
export const reload = (packet: Hooked): Code => loadStart('r7', packet)

/** The end of what can be touched, a pointer to compare with. */
export const loadEnd = (into: Register, { hook }: Hooked): Code => [ldx('u32', into, 'r6', pointers[hook].dataEnd)]

/** The length of the frame; uses `into` alone. */
export const loadFrameLength = (into: Register, packet: Hooked): Code =>
  packet.hook === 'tc' ? [ldx('u32', into, 'r6', skb.length)] : [loadEnd(into, packet), sub(into, 'r7')]

/** The length of the Click packet; uses `into` alone. */
export const loadLength = (into: Register, packet: Packet): Code => [
  loadFrameLength(into, packet),
  packet.offset === 0 ? [] : sub(into, packet.offset),
]

/** A jump forward that no label needs to be thought of for. */
export type NewLabel = (hint: string) => string

/**
 * Makes the first `bytes` of the Click packet readable and writable, or goes to `short` where it has fewer. Bytes that are not in the
 * linear part of a socket buffer are pulled into it. Loses r0 to r5.
 */
export const reach = (
  packet: Packet,
  bytes: number,
  short: string,
  newLabel: NewLabel,
): { readonly code: Code; readonly packet: Packet } => {
  const end = packet.offset + bytes
  if (end <= packet.reachable) return { code: [], packet }
  const reached = { ...packet, reachable: end }
  const compare: Code = [loadEnd('r1', packet), mov('r2', 'r7'), add('r2', end)]
  if (packet.hook === 'xdp') return { code: [compare, jgt('r2', 'r1', short)], packet: reached }
  const enough = newLabel('reached')
  const far = newLabel('far')
  const code: Code = [
    compare,
    // What is seldom ends in a jump, so that it finds its place behind the rest (`straighten`).
    jgt('r2', 'r1', far),
    jump(enough),
    label(far),
    loadFrameLength('r1', packet),
    jlt32('r1', end, short),
    mov('r1', 'r6'),
    mov('r2', end),
    call('skbPullData'),
    reload(packet),
    compare,
    jgt('r2', 'r1', short),
    jump(enough),
    label(enough),
  ]
  return { code, packet: reached }
}

/** All that is known but what may be touched: for code that is reached when bytes were missing. */
export const unreached = (packet: Packet): Packet => ({ ...packet, reachable: 0 })

export const goTo = (target: string): Code => [jump(target)]
