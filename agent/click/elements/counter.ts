/**
 * Counter. COUNT_CALL and BYTE_COUNT_CALL are not supported: no handler is called where packets pass.
 *
 * Rates: the first packet of every 256 of the kernel's ticks (0.26 s to 2.6 s, by how it was built) notes the time and both counts, and the notes of
 * the two last times are kept. A rate is the mean since the older of them. Every other packet pays a look at the tick, which cannot be measured beside
 * its two atomic additions.
 */
import { counter as of } from '../../../click/elements/counter.ts'
import {
  atomicCompareExchange,
  call,
  callFunction,
  exit,
  jeq,
  jne,
  label,
  ldMapValue,
  ldx,
  mov,
  rsh,
  stx,
} from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { loadLength } from '../compile/packet.ts'
import { addIn, countIn, stateMap } from '../compile/state.ts'
import { addTagBytes } from '../compile/tags.ts'
import { type ElementState, readSlot } from '../handlers.ts'

/** In this order, eight bytes each, from the first on: the function below counts on it. */
const slots = [
  'count',
  'byte_count',
  'window',
  'last_time',
  'last_count',
  'last_byte_count',
  'older_time',
  'older_count',
  'older_byte_count',
] as const

const at = (slot: (typeof slots)[number]): number => 8 * slots.indexOf(slot)

const noteFunction = 'counter_note'
const windowBits = 8

/** r1 = the element's slots, r2 = the window that was, r3 = the one that is. Of several processors the first one notes. */
const note: Code = [
  label(noteFunction),
  mov('r6', 'r1'),
  mov('r0', 'r2'),
  atomicCompareExchange('u64', 'r6', at('window'), 'r3'),
  jne('r0', 'r2', `${noteFunction}:done`),
  [0, 8, 16].map((k) => [ldx('u64', 'r1', 'r6', at('last_time') + k), stx('u64', 'r6', at('older_time') + k, 'r1')]),
  call('ktimeGetNs'),
  stx('u64', 'r6', at('last_time'), 'r0'),
  [0, 8].map((k) => [ldx('u64', 'r1', 'r6', k), stx('u64', 'r6', at('last_count') + k, 'r1')]),
  label(`${noteFunction}:done`),
  exit(),
]

/** Two windows of the longest ticks and a little: what came since the last note came in the first of them. */
const idleNs = 5_500_000_000n

/** Per second. */
const rateOf = ({ get }: ElementState, count: 'count' | 'byte_count', factor = 1): string => {
  const now = process.hrtime.bigint()
  const passed = now - get('older_time')
  const counted = get(count) - get(`older_${count}`)
  if (now - get('last_time') > idleNs || passed <= 0n || counted <= 0n) return '0'
  return `${Math.round((Number(counted) * factor * 1e12) / Number(passed)) / 1000}`
}

const reset = ({ set }: ElementState): void => {
  for (const slot of slots) if (slot !== 'window') set(slot, 0n)
  for (const slot of ['last_time', 'older_time']) set(slot, process.hrtime.bigint())
}

export const counter = compileElement(of, {
  slots: () => Object.fromEntries(slots.map((slot) => [slot, 0n])),
  start: reset,
  // The notes go on from where they were; two programs that note at once would confuse them.
  copied: slots.filter((slot) => slot !== 'count' && slot !== 'byte_count'),
  unsupported: ({ values: { COUNT_CALL, BYTE_COUNT_CALL } }) =>
    COUNT_CALL !== undefined ? 'COUNT_CALL' : BYTE_COUNT_CALL !== undefined ? 'BYTE_COUNT_CALL' : undefined,
  functions: [note],
  compile: ({ packet, output, newLabel, slot }) => {
    const noted = newLabel('noted')
    return [
      countIn(slot('count')),
      loadLength('r0', packet),
      addTagBytes('r0', packet),
      addIn(slot('byte_count'), 'r0'),
      call('jiffies64'),
      rsh('r0', windowBits),
      ldMapValue('r1', stateMap, slot('count')),
      ldx('u64', 'r2', 'r1', at('window')),
      jeq('r0', 'r2', noted),
      mov('r3', 'r0'),
      callFunction(noteFunction),
      label(noted),
      output(0, packet),
    ]
  },
  modifies: false,
  takesTag: true,
  handlers: {
    count: readSlot('count'),
    byte_count: readSlot('byte_count'),
    rate: { read: (state) => rateOf(state, 'count') },
    byte_rate: { read: (state) => rateOf(state, 'byte_count') },
    bit_rate: { read: (state) => rateOf(state, 'byte_count', 8) },
    reset: { write: reset },
    reset_counts: { write: reset },
  },
})
