/**
 * ToNeighbour(DEVNAME [, NEXTHOP]): sends IP packets out of an interface, to the neighbour that the host's own routes and neighbour tables say.
 *
 * Weft's own. Takes IPv4 and IPv6 packets, without an Ethernet header. Of the host's routes those by the interface count; without one,
 * the destination is taken to be on the link. With NEXTHOP all go to that neighbour, and no route is looked for: then IPv4 packets alone are sent. The host asks for the neighbour's Ethernet address where it has to (ARP, neighbour discovery); until the
 * answer some packets wait, as the host's own do. What is no IP packet is dropped. Packets go through the interface's queueing discipline; nothing
 * is fragmented.
 *
 * Ports: one input, none out. Processing: push.
 * See also: ToDevice, VXLANEncap, GREEncap, EtherIPEncap, IPEncap.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { optional, required } from '../arguments/spec.ts'
import { string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toNeighbour = defineElement({
  name: 'ToNeighbour',
  summary: 'sends IP packets by the routes and neighbours of the host',
  origin: 'weft',
  ports: '1/0',
  processing: 'h',
  arguments: {
    DEVNAME: required(string, 'the interface'),
    NEXTHOP: optional(ipAddress, 'the neighbour, whatever the routes say'),
  },
  handlers: [
    read('count', 'packets that were sent on'),
    read('drops', 'packets that were no IP packets, or with NEXTHOP none of IPv4'),
    write('reset_counts', 'sets both to 0'),
  ],
})
