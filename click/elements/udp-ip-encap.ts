/**
 * UDPIPEncap(SRC, SPORT, DST, DPORT [, CHECKSUM]): puts an IP and a UDP header in front of packets.
 *
 * DST may be DST_ANNO: the destination address annotation. CHECKSUM false leaves the UDP checksum 0.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: IPEncap, Strip.
 */
import { addressOrAnnotation, ipAddress } from '../arguments/addresses.ts'
import { udpPort } from '../arguments/names.ts'
import { boolean } from '../arguments/numbers.ts'
import { optional, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const udpIpEncap = defineElement({
  name: 'UDPIPEncap',
  summary: 'puts an IP and a UDP header in front',
  ports: '1/1',
  arguments: {
    SRC: required(ipAddress, 'source'),
    SPORT: required(udpPort, 'source port'),
    DST: required(addressOrAnnotation, 'destination'),
    DPORT: required(udpPort, 'destination port'),
    CHECKSUM: optional(boolean, 'calculates the UDP checksum', 'true'),
  },
  handlers: [
    readWrite('src', 'SRC'),
    readWrite('sport', 'SPORT'),
    readWrite('dst', 'DST'),
    readWrite('dport', 'DPORT'),
  ],
})
