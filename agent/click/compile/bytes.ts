/** Constants and sums of the network's byte order in programs, which run on little-endian processors. */
import { add, and, jle, label, ldx, mov, mov32, type Register, rsh, st, stx, sub, xor } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { bounded, pullUpTo } from './linear.ts'
import { type Hooked, type NewLabel, reload } from './packet.ts'
import { sumLinear } from './sum.ts'

/** What a load of these bytes gives. */
export const loaded = (bytes: readonly number[]): number => bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)

export const bytes16 = (value: number): readonly number[] => [(value >>> 8) & 255, value & 255]
export const bytes32 = (value: number): readonly number[] => [...bytes16(value >>> 16), ...bytes16(value & 0xffff)]

/** Writes constant bytes at `at` from r7. */
export const writeBytes = (at: number, bytes: readonly number[]): Code =>
  bytes.length >= 4
    ? [st('u32', 'r7', at, loaded(bytes.slice(0, 4))), writeBytes(at + 4, bytes.slice(4))]
    : bytes.length >= 2
      ? [st('u16', 'r7', at, loaded(bytes.slice(0, 2))), writeBytes(at + 2, bytes.slice(2))]
      : bytes.map((byte) => st('u8', 'r7', at, byte))

/** Copies bytes of the frame that do not overlap; loses r0. */
export const copyBytes = (to: number, from: number, count: number): Code =>
  count >= 4
    ? [ldx('u32', 'r0', 'r7', from), stx('u32', 'r7', to, 'r0'), copyBytes(to + 4, from + 4, count - 4)]
    : count >= 2
      ? [ldx('u16', 'r0', 'r7', from), stx('u16', 'r7', to, 'r0'), copyBytes(to + 2, from + 2, count - 2)]
      : []

/** Adds what is above the low 16 bits to them; loses r1. */
const foldOnce = (register: Register): Code => [
  mov('r1', register),
  rsh('r1', 16),
  and(register, 0xffff),
  add(register, 'r1'),
]

/** A sum of words to 16 bits, carries added at the low end; loses r1. */
export const fold = (register: Register): Code => [
  mov('r1', register),
  rsh('r1', 32),
  mov32(register, register),
  add(register, 'r1'),
  foldSmall(register),
]

/** The same of a sum below 2^36, of a few words. */
export const foldSmall = (register: Register): Code => [foldOnce(register), foldOnce(register), foldOnce(register)]

/** Updates the checksum at `at` from r7 where a word was `r3` and is `r4`, as loaded (RFC 1624, equation 3). Loses r0, r1, r3. */
export const updateChecksum = (at: number): Code => [
  ldx('u16', 'r0', 'r7', at),
  xor('r0', 0xffff),
  xor('r3', 0xffff),
  add('r0', 'r3'),
  add('r0', 'r4'),
  fold('r0'),
  xor('r0', 0xffff),
  stx('u16', 'r7', at, 'r0'),
]

const leastHeader = 20
const mostHeader = 60

/**
 * r0 = the folded sum of an IP header of r8 bytes (20 to 60, not more than the frame has) at `at`; its first 20 are reachable before and
 * after, not more after. Goes to `failed` where the kernel has no memory. Loses r1 to r5.
 */
export const sumIpHeader = (packet: Hooked, at: number, failed: string, newLabel: NewLabel): Code => {
  const plain = newLabel('plain')
  const words = Array.from({ length: leastHeader / 4 }, (_, i) => at + 4 * i)
  return [
    mov('r3', 0),
    jle('r8', leastHeader, plain),
    // Few packets have options.
    pullUpTo(packet, at + mostHeader, failed, newLabel),
    mov('r2', at + leastHeader),
    mov('r3', 'r8'),
    sub('r3', leastHeader),
    sumLinear(packet, failed),
    reload(packet),
    bounded(packet, 'r7', at + leastHeader, failed),
    mov('r3', 'r0'),
    label(plain),
    words.map((word) => [ldx('u32', 'r0', 'r7', word), add('r3', 'r0')]),
    mov('r0', 'r3'),
    foldSmall('r0'),
  ]
}
