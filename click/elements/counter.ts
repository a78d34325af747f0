/**
 * Counter([COUNT_CALL, BYTE_COUNT_CALL]): counts packets and bytes.
 *
 * Rates are means over about the last second or two; 0 after a few seconds without a packet. COUNT_CALL and BYTE_COUNT_CALL, which call a handler
 * at a count, are not supported in the kernel.
 *
 * Ports: one input, one output. Processing: agnostic.
 */
import { keyword } from '../arguments/spec.ts'
import { anything } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const counter = defineElement({
  name: 'Counter',
  summary: 'counts packets and bytes',
  ports: '1/1',
  arguments: {
    COUNT_CALL: keyword(anything, "'N HANDLER [VALUE]': what is written when N packets have passed"),
    BYTE_COUNT_CALL: keyword(anything, "'N HANDLER [VALUE]': what is written when N bytes have passed"),
  },
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
