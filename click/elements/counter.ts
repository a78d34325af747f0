/**
 * Counter: counts packets and bytes.
 *
 * Rates are weighted averages over about the last second, taken when they are read.
 *
 * Ports: one input, one output. Processing: agnostic.
 */
import { defineElement, read, write } from '../element.ts'

export const counter = defineElement({
  name: 'Counter',
  summary: 'counts packets and bytes',
  ports: '1/1',
  handlers: [
    read('count', 'packets that passed'),
    read('byte_count', 'bytes that passed'),
    read('rate', 'packets per second'),
    read('bit_rate', 'bits per second'),
    read('byte_rate', 'bytes per second'),
    write('reset', 'sets all to 0'),
    write('reset_counts', 'sets all to 0'),
  ],
})
