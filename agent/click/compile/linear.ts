/** Bytes of a frame whose number is known only when it comes. */
import { add, and, call, jgt, jle, jne, label, mov, type Register } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { type Hooked, loadEnd, loadFrameLength, type NewLabel, reload } from './packet.ts'

/** Makes the frame's bytes up to `end`, as many as there are, part of what the data's end bounds; nothing is reachable after. Loses r0 to r5. */
export const pullUpTo = (packet: Hooked, end: number, failed: string, newLabel: NewLabel): Code => {
  // All of a frame lies there before there is a socket buffer.
  if (packet.hook === 'xdp') return []
  const less = newLabel('less')
  const linear = newLabel('linear')
  return [
    loadFrameLength('r2', packet),
    jle('r2', end, less),
    mov('r2', end),
    label(less),
    and('r2', 0xffff),
    loadEnd('r1', packet),
    mov('r0', 'r7'),
    add('r0', 'r2'),
    jle('r0', 'r1', linear),
    mov('r1', 'r6'),
    call('skbPullData'),
    reload(packet),
    jne('r0', 0, failed),
    label(linear),
  ]
}

/** Makes `end` bytes from a register on reachable, or goes to `short`; loses r1 and r2. */
export const bounded = (packet: Hooked, register: Register, end: number, short: string): Code => [
  loadEnd('r1', packet),
  mov('r2', register),
  add('r2', end),
  jgt('r2', 'r1', short),
]
