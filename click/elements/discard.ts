/**
 * Discard([ACTIVE a, BURST n]): drops all packets.
 *
 * ACTIVE and BURST are for pulling, which nothing does in the kernel: ACTIVE may not be given where packets are pushed (as in Click).
 *
 * Ports: one input, no output. Processing: agnostic.
 * See also: Idle.
 */
import { boolean, unsigned } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement, read, write } from '../element.ts'

export const discard = defineElement({
  name: 'Discard',
  summary: 'drops all packets',
  ports: '1/0',
  arguments: {
    ACTIVE: keyword(boolean, 'whether it pulls', 'true'),
    BURST: keyword(unsigned, 'packets pulled at a time', '1'),
  },
  handlers: [read('count', 'packets dropped'), write('reset_counts', 'sets count to 0')],
})
