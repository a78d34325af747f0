/**
 * DropBroadcasts: drops packets that arrived as link-level broadcast or multicast, by their packet type annotation.
 *
 * Dropped packets leave by output 1 where there is one. IP routers must not forward them (RFC 1812 section 5.3.4).
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: FromDevice, HostEtherFilter.
 */
import { defineElement, read } from '../element.ts'

export const dropBroadcasts = defineElement({
  name: 'DropBroadcasts',
  summary: 'drops link-level broadcasts and multicasts',
  ports: '1/1-2',
  processing: 'a/ah',
  handlers: [read('drops', 'packets dropped')],
})
