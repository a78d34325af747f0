/**
 * Truncate(LENGTH [, EXTRA_LENGTH e]): cuts packets to LENGTH bytes.
 *
 * EXTRA_LENGTH says whether the bytes that were cut off are added to the extra length annotation.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: Strip.
 */
import { boolean, unsigned } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const truncate = defineElement({
  name: 'Truncate',
  summary: 'limits the length of packets',
  ports: '1/1',
  arguments: {
    LENGTH: required(unsigned, 'bytes that stay'),
    EXTRA_LENGTH: keyword(boolean, 'notes what was cut off', 'true'),
  },
  handlers: [readWrite('nbytes', 'LENGTH')],
})
