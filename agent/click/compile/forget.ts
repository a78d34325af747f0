import { add, and, type Register, sub } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { type Hooked, loadFrameLength } from './packet.ts'

/**
 * Makes the verifier forget what it knows of a register but that it is at most `mask`, one less than a power of two: it would follow a loop
 * once for each value. Loses r4 and r5.
 */
export const forget = (packet: Hooked, register: Register, mask: number): Code => [
  loadFrameLength('r4', packet),
  loadFrameLength('r5', packet),
  sub('r4', 'r5'),
  add(register, 'r4'),
  and(register, mask),
]
