/**
 * GREEncap(SRC, DST [, KEY k, PROTOCOL p, TTL t]): puts an IP and a GRE header in front of packets (RFC 2784; with a key RFC 2890).
 *
 * Weft's own. PROTOCOL is the Ethernet type of what follows; 0x6558, an Ethernet packet, as Linux's gretap makes it. The outer packet must not be
 * fragmented. The destination address annotation is set to DST.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: GREDecap, ToNeighbour, EtherEncap.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { byte, unsigned, unsigned16 } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const greEncap = defineElement({
  name: 'GREEncap',
  summary: 'puts an IP and a GRE header in front',
  origin: 'weft',
  ports: '1/1',
  arguments: {
    SRC: required(ipAddress, 'source'),
    DST: required(ipAddress, 'destination'),
    KEY: keyword(unsigned, 'key; without it the header has none'),
    PROTOCOL: keyword(unsigned16, 'Ethernet type of what follows', '0x6558'),
    TTL: keyword(byte, 'time to live', '64'),
  },
  handlers: [readWrite('src', 'SRC'), readWrite('dst', 'DST')],
})
