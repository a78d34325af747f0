/**
 * Queue([CAPACITY]): where push becomes pull.
 *
 * In Click packets wait here until an element below pulls them. In the kernel nothing pulls: a packet goes on at once, and waits where
 * packets of the kernel wait, in the queueing discipline of the device that ToDevice names. So a Queue holds nothing: `length` is 0, and
 * a packet counts as dropped where the elements below do not take it. CAPACITY is kept and read, and bounds nothing.
 *
 * Ports: one input, one output; a second output takes what was dropped. Processing: push to pull, the second output push.
 * See also: ToDevice.
 */
import { unsigned } from '../arguments/numbers.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement, read, readWrite, write } from '../element.ts'

export const queue = defineElement({
  name: 'Queue',
  summary: 'where push becomes pull',
  ports: '1/1-2',
  processing: 'h/lh',
  arguments: { CAPACITY: optional(unsigned, 'packets that it would hold', '1000') },
  handlers: [
    read('length', 'packets in the queue'),
    read('highwater_length', 'most packets that were ever in it'),
    readWrite('capacity', 'CAPACITY'),
    read('drops', 'packets dropped'),
    write('reset_counts', 'sets drops and highwater_length to 0'),
    write('reset', 'drops what is in the queue'),
  ],
})
