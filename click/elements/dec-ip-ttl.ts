/**
 * DecIPTTL([ACTIVE a, MULTICAST m]): takes one off the time to live of IP packets, and keeps the checksum right.
 *
 * A packet with a TTL of 1 or 0 leaves by output 1 as it is, or is dropped. ACTIVE false lets all pass as they are; MULTICAST false those
 * to multicast addresses.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ICMPError.
 */
import { boolean } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement, read, readWrite } from '../element.ts'

export const decIpTtl = defineElement({
  name: 'DecIPTTL',
  summary: 'takes one off the time to live',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    ACTIVE: keyword(boolean, 'whether it does', 'true'),
    MULTICAST: keyword(boolean, 'also of packets to multicast addresses', 'true'),
  },
  handlers: [read('drops', 'packets whose time was over'), readWrite('active', 'ACTIVE')],
})
