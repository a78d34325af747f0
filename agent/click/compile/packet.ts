/**
 * A packet in a program at a hook of traffic control: what is known of it while compiling, and how its bytes are reached.
 *
 * r6 holds the context (struct __sk_buff) and r7 points to the first byte of the frame, in every element. A frame is what the kernel
 * sends or received; a Click packet is what lies from `offset` on in it, so that Strip and Unstrip move a number of the compiler.
 */
import { add, call, jgt, jle, jlt32, jump, label, ldx, mov, type Register, sub } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'

/** Bytes count from the start of the frame. The length of a frame is never below `offset`. */
export interface Packet {
  /** Where the Click packet begins. */
  readonly offset: number
  /** The network header annotation, where one is set. */
  readonly network: number | undefined
  /** The MAC header annotation. */
  readonly mac: number | undefined
  /** How many bytes from r7 on the verifier lets the program touch. */
  readonly reachable: number
  /** By how many bytes the frame has grown at its front since it came: its first byte then is its byte `grown` now. */
  readonly grown: number
}

export const received: Packet = { offset: 0, network: undefined, mac: 0, reachable: 0, grown: 0 }

/** Offsets in struct __sk_buff (linux/bpf.h). */
export const skb = { length: 0, vlanPresent: 20, vlanTci: 24, vlanProtocol: 28, data: 76, dataEnd: 80 } as const

/** After whatever may have moved the frame. */
export const reload: Code = [ldx('u32', 'r7', 'r6', skb.data)]

/** The length of the Click packet; uses `into` alone. */
export const loadLength = (into: Register, packet: Packet): Code => [
  ldx('u32', into, 'r6', skb.length),
  ...(packet.offset === 0 ? [] : [sub(into, packet.offset)]),
]

/** A jump forward that no label needs to be thought of for. */
export type NewLabel = (hint: string) => string

/**
 * Makes the first `bytes` of the Click packet readable and writable, or goes to `short` where it has fewer. Bytes that are not in the
 * linear part of the socket buffer are pulled into it. Loses r0 to r5.
 */
export const reach = (
  packet: Packet,
  bytes: number,
  short: string,
  newLabel: NewLabel,
): { readonly code: Code; readonly packet: Packet } => {
  const end = packet.offset + bytes
  if (end <= packet.reachable) return { code: [], packet }
  const reached = newLabel('reached')
  const compare = (): Code => [ldx('u32', 'r1', 'r6', skb.dataEnd), mov('r2', 'r7'), add('r2', end)]
  const code: Code = [
    compare(),
    jle('r2', 'r1', reached),
    ldx('u32', 'r1', 'r6', skb.length),
    jlt32('r1', end, short),
    mov('r1', 'r6'),
    mov('r2', end),
    call('skbPullData'),
    reload,
    compare(),
    jgt('r2', 'r1', short),
    label(reached),
  ]
  return { code, packet: { ...packet, reachable: end } }
}

/** All that is known but what may be touched: for code that is reached when bytes were missing. */
export const unreached = (packet: Packet): Packet => ({ ...packet, reachable: 0 })

export const goTo = (target: string): Code => [jump(target)]
