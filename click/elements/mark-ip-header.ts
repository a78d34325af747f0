/**
 * MarkIPHeader([OFFSET]): notes that packets have an IP header OFFSET bytes in, without a look at it.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: CheckIPHeader.
 */
import { unsigned } from '../arguments/numbers.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const markIpHeader = defineElement({
  name: 'MarkIPHeader',
  summary: 'notes where the IP header is',
  ports: '1/1',
  arguments: { OFFSET: optional(unsigned, 'bytes before the IP header', '0') },
})
