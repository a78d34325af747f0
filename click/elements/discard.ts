/**
 * Discard([ACTIVE a, BURST n]): drops all packets.
 *
 * ACTIVE false: it takes none, so that they wait in the Queue before it, to be dropped there: they do not count. BURST is for pulling, which
 * nothing does in the kernel.
 *
 * Ports: one input, no output. Processing: agnostic.
 * See also: Idle.
 */
import { boolean, unsigned } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement, read, readWrite, write } from '../element.ts'

export const discard = defineElement({
  name: 'Discard',
  summary: 'drops all packets',
  ports: '1/0',
  arguments: {
    ACTIVE: keyword(boolean, 'whether it takes packets', 'true'),
    BURST: keyword(unsigned, 'packets pulled at a time', '1'),
  },
  handlers: [read('count', 'packets dropped'), readWrite('active', 'ACTIVE'), write('reset_counts', 'sets count to 0')],
})
