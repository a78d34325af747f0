/**
 * HostEtherFilter(ETHER [, DROP_OWN, DROP_OTHER] [, OFFSET o]): what a network card of address ETHER would take.
 *
 * Sets the packet type annotation by the destination address: host, broadcast, multicast, other host. DROP_OWN drops what ETHER itself
 * sent, DROP_OTHER what is for another host; both leave by output 1 where there is one.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: DropBroadcasts, FromDevice.
 */
import { etherAddress } from '../arguments/addresses.ts'
import { boolean, signed } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const hostEtherFilter = defineElement({
  name: 'HostEtherFilter',
  summary: 'drops Ethernet packets for other hosts',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    ETHER: required(etherAddress, 'the own address'),
    DROP_OWN: optional(boolean, 'drops packets from it', 'false'),
    DROP_OTHER: optional(boolean, 'drops packets for others', 'true'),
    OFFSET: keyword(signed, 'bytes before the Ethernet header', '0'),
  },
  handlers: [readWrite('ether', 'ETHER')],
})
