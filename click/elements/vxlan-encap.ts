/**
 * VXLANEncap(VNI, SRC, DST [, SPORT LOW-HIGH, DPORT p, TTL t]): puts an IP, a UDP and a VXLAN header in front of Ethernet packets (RFC 7348).
 *
 * Weft's own. Packets of one flow within have one source port of the range: IP addresses and ports of TCP and UDP tell flows apart, Ethernet
 * addresses where there are none. The UDP checksum is 0, as the RFC recommends; the outer packet must not be fragmented. The destination address
 * annotation is set to DST.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: VXLANDecap, ToNeighbour, EtherEncap.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { portRange, udpPort } from '../arguments/names.ts'
import { byte, integer } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const vxlanEncap = defineElement({
  name: 'VXLANEncap',
  summary: 'puts VXLAN headers in front of Ethernet packets',
  origin: 'weft',
  ports: '1/1',
  arguments: {
    VNI: required(integer(0, 0xff_ffff), 'VXLAN network identifier'),
    SRC: required(ipAddress, 'source'),
    DST: required(ipAddress, 'destination'),
    SPORT: keyword(portRange, 'source ports', '49152-65535'),
    DPORT: keyword(udpPort, 'destination port', '4789'),
    TTL: keyword(byte, 'time to live', '64'),
  },
  handlers: [readWrite('vni', 'VNI'), readWrite('src', 'SRC'), readWrite('dst', 'DST')],
})
