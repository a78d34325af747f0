/** What IPGWOptions and ICMPError share: a walk through the options of an IP header (RFC 791). */
import { add, jeq, jge, jgt, jlt, jne, jump, label, ldx, mov, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import { forget } from '../compile/forget.ts'
import { loadEnd, type NewLabel, type Packet } from '../compile/packet.ts'
import { scratch } from '../compile/stack.ts'

export const option = { end: 0, nothing: 1, recordRoute: 7, timestamp: 68, looseRoute: 131, strictRoute: 137 } as const

const leastHeader = 20
const mostHeader = 60
/** More options than a header has room for; the verifier wants to see an end. */
const mostSteps = mostHeader - leastHeader
const steps = scratch.at + scratch.bytes - 8

interface Walk {
  /** Where the header is in the frame. */
  readonly at: number
  /** For each option of more than one byte: r2 points to it, r3 is its type, r4 its length, which fits. Keeps r4, r8, r9. */
  readonly option: Code
  /** r9 is an option whose length is wrong. */
  readonly malformed: string
  readonly newLabel: NewLabel
}

/**
 * Goes through the options of a header of r8 bytes, which lie before what data_end bounds, as many as there are; r9 is each option's place in the
 * header. The last eight bytes of the scratch are its own. Loses r0 to r5.
 */
export const walkOptions = (packet: Packet, { at, option: each, malformed, newLabel }: Walk): Code => {
  const [next, long, done] = [newLabel('option'), newLabel('option_long'), newLabel('options_done')]
  return [
    mov('r9', leastHeader),
    mov('r0', 0),
    stx('u64', 'r10', steps, 'r0'),
    label(next),
    forget(packet, 'r9', 63),
    jge('r9', 'r8', done),
    jge('r9', mostHeader, done),
    ldx('u64', 'r0', 'r10', steps),
    add('r0', 1),
    stx('u64', 'r10', steps, 'r0'),
    jgt('r0', mostSteps, done),
    mov('r2', 'r7'),
    add('r2', 'r9'),
    reachOption(packet, at + 1, done),
    ldx('u8', 'r3', 'r2', at),
    jeq('r3', option.end, done),
    jne('r3', option.nothing, long),
    add('r9', 1),
    jump(next),
    label(long),
    // A length behind the packet's end is as wrong as one behind the header's.
    reachOption(packet, at + 2, malformed),
    ldx('u8', 'r4', 'r2', at + 1),
    jlt('r4', 2, malformed),
    mov('r0', 'r9'),
    add('r0', 'r4'),
    jgt('r0', 'r8', malformed),
    each,
    add('r9', 'r4'),
    jlt('r9', mostHeader, next),
    label(done),
  ]
}

/** Makes what is before `end` from r2 on reachable; loses r0 and r1. */
export const reachOption = (packet: Packet, end: number, short: string): Code => [
  loadEnd('r1', packet),
  mov('r0', 'r2'),
  add('r0', end),
  jgt('r0', 'r1', short),
]
