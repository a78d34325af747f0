/**
 * ICMPPingResponder: answers ICMP echo requests.
 *
 * The reply leaves by output 0, its destination address annotation set and its paint cleared. All other packets leave by output 1, or are
 * dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ICMPError.
 */
import { defineElement } from '../element.ts'

export const icmpPingResponder = defineElement({
  name: 'ICMPPingResponder',
  summary: 'answers ICMP echo requests',
  ports: '1/1-2',
  processing: 'a/ah',
})
