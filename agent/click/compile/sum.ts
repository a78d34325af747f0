/** Internet checksums over bytes of a frame whose number is known only when it comes. */
import {
  add,
  call,
  callFunction,
  exit,
  globalFunction,
  jgt,
  jlt,
  jslt,
  jump,
  label,
  ldx,
  mov,
  st,
  stx,
  sub,
} from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { forget } from './forget.ts'
import { pullUpTo } from './linear.ts'
import { type Hook, type Hooked, loadEnd, type NewLabel, reload } from './packet.ts'

const mostBytes = 0xffff
/** What one call of the kernel sums at most. */
const pieceBytes = 512
/** The sizes of what is left behind whole pieces: each at most once. */
const lastBytes = [256, 128, 64, 32, 16, 8, 4]
/** Where a piece may begin for the verifier to follow. */
const mostStart = mostBytes - pieceBytes
const counter = -8

const functionOf = (hook: Hook): string => `sum_frame_${hook}`

/**
 * r0 = the sum of the frame's r9 bytes from its byte r8 on, for `fold` to make a checksum of; an odd byte counts as if a zero followed. Of bytes
 * that are all zero, and of no others, it is 0. Goes to `failed` where there is no memory for a frame in one piece, or it has fewer bytes.
 * Nothing is reachable after; loses r1 to r5.
 */
export const sumFrame = (packet: Hooked, failed: string, newLabel: NewLabel): Code => [
  pullUpTo(packet, mostBytes, failed, newLabel),
  mov('r2', 'r8'),
  mov('r3', 'r9'),
  sumLinear(packet, failed),
]

/** The same of r3 bytes from byte r2 on, which are in one piece already. */
export const sumLinear = (packet: Hooked, failed: string): Code => [
  mov('r1', 'r6'),
  callFunction(functionOf(packet.hook)),
  jslt('r0', 0, failed),
]

const functionFor = (hook: Hook): Code => {
  const packet = { hook }
  const name = functionOf(hook)
  const failed = `${name}:failed`
  const next = `${name}:next`
  const last = `${name}:last`
  /** r7 = where the next bytes are. */
  const place = (bytes: number): Code => [
    jgt('r8', mostStart, failed),
    reload(packet),
    add('r7', 'r8'),
    mov('r1', 'r7'),
    add('r1', bytes),
    loadEnd('r2', packet),
    jgt('r1', 'r2', failed),
  ]
  const step = (bytes: number): Code => [add('r8', bytes), sub('r9', bytes)]
  const piece = (bytes: number): Code => [
    place(bytes),
    mov('r5', 'r0'),
    mov('r1', 0),
    mov('r2', 0),
    mov('r3', 'r7'),
    mov('r4', bytes),
    call('csumDiff'),
    step(bytes),
  ]
  const unless = (bytes: number, code: Code): Code => {
    const skip = `${name}:less_than_${bytes}`
    return [jlt('r9', bytes, skip), code, label(skip)]
  }
  return [
    globalFunction(name, [hook === 'tc' ? 'skb' : 'xdp', 'number', 'number']),
    mov('r6', 'r1'),
    mov('r8', 'r2'),
    mov('r9', 'r3'),
    reload(packet),
    forget(packet, 'r8', mostBytes),
    forget(packet, 'r9', mostBytes),
    mov('r0', 0),
    st('u64', 'r10', counter, 0),
    label(next),
    jlt('r9', pieceBytes, last),
    ldx('u64', 'r1', 'r10', counter),
    add('r1', 1),
    stx('u64', 'r10', counter, 'r1'),
    jgt('r1', Math.ceil(mostBytes / pieceBytes), failed),
    piece(pieceBytes),
    jump(next),
    label(last),
    lastBytes.map((bytes) => [
      forget(packet, 'r8', mostBytes),
      forget(packet, 'r9', 2 * bytes - 1),
      unless(bytes, piece(bytes)),
    ]),
    unless(2, [place(2), ldx('u16', 'r1', 'r7', 0), add('r0', 'r1'), step(2)]),
    unless(1, [place(1), ldx('u8', 'r1', 'r7', 0), add('r0', 'r1')]),
    exit(),
    label(failed),
    mov('r0', -1),
    exit(),
  ]
}

export const sumFunctions: readonly Code[] = [functionFor('tc'), functionFor('xdp')]
