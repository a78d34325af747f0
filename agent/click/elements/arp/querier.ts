/** What ARPQuerier's routines know of their element while they are written, and what several of them do. */
import {
  add,
  atomicAdd,
  atomicCompareExchange,
  jeq,
  jgt,
  jne,
  label,
  ldImm64,
  ldx,
  lsh,
  mov,
  type Register,
  rsh,
  sub,
  xor,
} from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import type { Site } from '../../compile/element.ts'
import { countIn } from '../../compile/state.ts'
import { type Capacities, entry, lookUp, lookUpRing, ring } from './layout.ts'

export interface Querier {
  /** What instructions call the maps. */
  readonly table: string
  readonly waiting: string
  readonly capacities: Capacities
  /** Own Ethernet address. */
  readonly ether: readonly number[]
  /** 0: addresses are never forgotten. */
  readonly timeoutNs: bigint
  /** 0: addresses in use are not asked for again. */
  readonly pollNs: bigint
  readonly newLabel: Site['newLabel']
  readonly slot: Site['slot']
  readonly routine: Site['routine']
}

/** In nanoseconds. What is beyond a program's numbers is never, as in Click. */
export const toNanoseconds = (seconds: number): bigint => {
  const nanoseconds = Math.round(seconds * 1e9)
  return nanoseconds < 2 ** 62 ? BigInt(nanoseconds) : 0n
}

/**
 * r0 = the address word of the entry at `of`, for the IP address in `key` as it was loaded; goes to `unknown` where the word is of another
 * address, or was learnt too long before `now`. Loses r1 and r2.
 */
export const loadKnown = (
  { timeoutNs }: Querier,
  { of, key, now }: { readonly of: Register; readonly key: Register; readonly now: Register },
  unknown: string,
): Code => [
  ldx('u64', 'r0', of, entry.address),
  jeq('r0', 0, unknown),
  mov('r1', key),
  lsh('r1', 32),
  xor('r1', 'r0'),
  rsh('r1', 48),
  jne('r1', 0, unknown),
  timeoutNs === 0n
    ? []
    : [ldImm64('r1', timeoutNs), ldx('u64', 'r2', of, entry.liveAt), add('r1', 'r2'), jgt(now, 'r1', unknown)],
]

/** A label for each name. */
export const labelsOf = <Name extends string>(
  newLabel: Site['newLabel'],
  names: readonly Name[],
): Readonly<Record<Name, string>> =>
  Object.fromEntries(names.map((name) => [name, newLabel(name)])) as Record<Name, string>

/** The low 48 bits of a register; the high ones, shifted down, of another. Loses nothing else. */
export const low48 = (register: Register): Code => [lsh(register, 16), rsh(register, 16)]

/** One packet less waits. Loses r0 to r5 and what is at `keyAt`. */
export const countOne = (querier: Querier, by: 1 | -1, keyAt: number): Code => {
  const none = querier.newLabel('no_ring')
  return [
    lookUpRing(querier.waiting, querier.capacities.places, keyAt),
    jeq('r0', 0, none),
    mov('r1', by),
    atomicAdd('u64', 'r0', ring.length, 'r1'),
    label(none),
  ]
}

/** A packet that was to wait, or waited, is no more: Click's table counts it. Loses r0 and r1. */
export const countKilled = ({ slot }: Querier): Code => countIn(slot('killed'))

/** One packet less in the chain of the entry at `of`, unless another processor is changing it just then. Loses r0 to r2. */
export const uncount = ({ newLabel }: Querier, of: Register): Code => {
  const none = newLabel('none_counted')
  return [
    ldx('u64', 'r0', of, entry.waiting),
    mov('r1', 'r0'),
    rsh('r1', 48),
    jeq('r1', 0, none),
    mov('r1', 'r0'),
    ldImm64('r2', 1n << 48n),
    sub('r1', 'r2'),
    atomicCompareExchange('u64', of, entry.waiting, 'r1'),
    label(none),
  ]
}

/** A packet for the address at `keyAt`, which is lost, has been given up while it waited. Loses r0 to r5. */
export const forget = (querier: Querier, keyAt: number): Code => {
  const none = querier.newLabel('no_entry')
  return [
    lookUp(querier.table, keyAt),
    jeq('r0', 0, none),
    mov('r5', 'r0'),
    uncount(querier, 'r5'),
    label(none),
    countOne(querier, -1, keyAt),
    countKilled(querier),
  ]
}
