/**
 * GREDecap([KEY k, PROTOCOL p]): takes an IP and a GRE header off packets (RFC 2784, RFC 2890).
 *
 * Weft's own. Takes IP packets: those with that KEY, or without KEY those that have none. What is no such packet (another IP or GRE protocol, options
 * in the IP header, a fragment, a checksum, a sequence number, another version; of PROTOCOL 0x6558: no whole Ethernet header within) leaves by
 * output 1 as it came, or is dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: GREEncap, CheckIPHeader.
 */
import { unsigned, unsigned16 } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const greDecap = defineElement({
  name: 'GREDecap',
  summary: 'takes an IP and a GRE header off',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    KEY: keyword(unsigned, 'key; without it the header has none'),
    PROTOCOL: keyword(unsigned16, 'Ethernet type of what follows', '0x6558'),
  },
})
