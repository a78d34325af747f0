/**
 * Unstrip(LENGTH): puts LENGTH bytes back at the front of packets, those that Strip took off.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: Strip.
 */
import { unsigned } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const unstrip = defineElement({
  name: 'Unstrip',
  summary: 'puts bytes back at the front of packets',
  ports: '1/1',
  arguments: { LENGTH: required(unsigned, 'bytes') },
})
