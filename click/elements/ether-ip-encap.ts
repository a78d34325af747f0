/**
 * EtherIPEncap(SRC, DST [, TTL t]): puts an IP and an EtherIP header in front of Ethernet packets (RFC 3378).
 *
 * Weft's own. The outer packet must not be fragmented. The destination address annotation is set to DST. Linux makes no segments of such packets: a
 * TCP packet that is still to be segmented is dropped on its way, so that guests have to make their segments themselves.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: EtherIPDecap, ToNeighbour, EtherEncap.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { byte } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const etherIpEncap = defineElement({
  name: 'EtherIPEncap',
  summary: 'puts an IP and an EtherIP header in front of Ethernet packets',
  origin: 'weft',
  ports: '1/1',
  arguments: {
    SRC: required(ipAddress, 'source'),
    DST: required(ipAddress, 'destination'),
    TTL: keyword(byte, 'time to live', '64'),
  },
  handlers: [readWrite('src', 'SRC'), readWrite('dst', 'DST')],
})
