/**
 * CheckIPHeader2([OFFSET] [, keywords]): as CheckIPHeader, but without a look at the checksum unless CHECKSUM is true.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: CheckIPHeader, MarkIPHeader.
 */
import { boolean } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'
import { checkIpHeaderArguments, checkIpHeaderHandlers } from './check-ip-header.ts'

export const checkIpHeader2 = defineElement({
  name: 'CheckIPHeader2',
  summary: 'checks the IP header, not its checksum',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: { ...checkIpHeaderArguments, CHECKSUM: keyword(boolean, 'checks the checksum', 'false') },
  handlers: checkIpHeaderHandlers,
})
