/** Entries of the table: found, made, and where ENTRY_CAPACITY is to be kept exactly, the oldest dropped for a new one. */
import {
  add,
  atomicExchange,
  call,
  callFunction,
  exit,
  jeq,
  jge,
  jne,
  jne32,
  label,
  ldFunction,
  ldMapFd,
  ldx,
  mov,
  st,
  stx,
} from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import { entry, lookUp } from './layout.ts'
import type { Querier } from './querier.ts'
import { writeTake } from './take.ts'

/** On the stack, from r10: the IP address, the time, and room for an entry. */
interface Place {
  readonly key: number
  readonly now: number
  readonly entry: number
}

/** BPF_NOEXIST */
const absent = 1
/** -E2BIG, of 32 bits. */
const full = 0xffff_fff9

/** r0 = r9 = the entry of the address, which is made where there is none; goes to `none` where there is no memory. Loses r1 to r5. */
export const findEntry = (querier: Querier, at: Place, none: string): Code => {
  const { table, capacities, newLabel } = querier
  const [found, made] = [newLabel('found'), newLabel('made')]
  const words = Array.from({ length: entry.bytes / 8 }, (_, i) => 8 * i)
  const make: Code = [
    ldMapFd('r1', table),
    mov('r2', 'r10'),
    add('r2', at.key),
    mov('r3', 'r10'),
    add('r3', at.entry),
    mov('r4', absent),
    call('mapUpdateElem'),
  ]
  return [
    lookUp(table, at.key),
    jne('r0', 0, found),
    words.filter((offset) => offset !== entry.liveAt).map((offset) => st('u64', 'r10', at.entry + offset, 0)),
    ldx('u64', 'r1', 'r10', at.now),
    stx('u64', 'r10', at.entry + entry.liveAt, 'r1'),
    make,
    capacities.exact
      ? [jne32('r0', full, made), callFunction(querier.routine('evict', () => writeEvict(querier))), make]
      : [],
    label(made),
    lookUp(table, at.key),
    jeq('r0', 0, none),
    label(found),
    mov('r9', 'r0'),
  ]
}

/** Of the entry that is the oldest so far, for the callback. */
const oldest = { liveAt: 0, key: 8, bytes: 16 } as const

/** Drops the oldest entry, and the packets that wait for it. A routine. */
const writeEvict = (querier: Querier): Code => {
  const { table, newLabel, routine } = querier
  const gone = newLabel('gone')
  const at = -oldest.bytes
  return [
    st('u64', 'r10', at + oldest.liveAt, -1),
    st('u64', 'r10', at + oldest.key, 0),
    ldMapFd('r1', table),
    ldFunction(
      'r2',
      routine('compare_age', () => writeCompareAge(querier)),
    ),
    mov('r3', 'r10'),
    add('r3', at),
    mov('r4', 0),
    call('forEachMapElem'),
    lookUp(table, at + oldest.key),
    jeq('r0', 0, gone),
    mov('r1', 0),
    atomicExchange('u64', 'r0', entry.waiting, 'r1'),
    ldx('u32', 'r2', 'r10', at + oldest.key),
    mov('r3', 1),
    callFunction(routine('take', () => writeTake(querier))),
    ldMapFd('r1', table),
    mov('r2', 'r10'),
    add('r2', at + oldest.key),
    call('mapDeleteElem'),
    label(gone),
    mov('r0', 0),
    exit(),
  ]
}

/** What bpf_for_each_map_elem calls: r2 the key, r3 the entry, r4 the oldest so far. */
const writeCompareAge = ({ newLabel }: Querier): Code => {
  const younger = newLabel('younger')
  return [
    ldx('u64', 'r0', 'r3', entry.liveAt),
    ldx('u64', 'r1', 'r4', oldest.liveAt),
    jge('r0', 'r1', younger),
    stx('u64', 'r4', oldest.liveAt, 'r0'),
    ldx('u32', 'r0', 'r2', 0),
    stx('u32', 'r4', oldest.key, 'r0'),
    label(younger),
    mov('r0', 0),
    exit(),
  ]
}
