/**
 * Strip(LENGTH): takes LENGTH bytes off the front of packets.
 *
 * A packet that is shorter becomes empty.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: Unstrip, StripIPHeader, StripToNetworkHeader.
 */
import { unsigned } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const strip = defineElement({
  name: 'Strip',
  summary: 'takes bytes off the front of packets',
  ports: '1/1',
  arguments: { LENGTH: required(unsigned, 'bytes') },
})
