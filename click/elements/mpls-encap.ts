/**
 * MPLSEncap(LABEL [, TC c, TTL t, BOTTOM b]): puts an entry of an MPLS label stack in front of packets (RFC 3032).
 *
 * Weft's own. The Ethernet header around it is EtherEncap's, of type 0x8847.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: MPLSDecap, EtherEncap.
 */
import { boolean, byte, integer } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const mplsEncap = defineElement({
  name: 'MPLSEncap',
  summary: 'puts an entry of an MPLS label stack in front',
  origin: 'weft',
  ports: '1/1',
  arguments: {
    LABEL: required(integer(0, 0xf_ffff), 'label'),
    TC: keyword(integer(0, 7), 'traffic class', '0'),
    TTL: keyword(byte, 'time to live', '64'),
    BOTTOM: keyword(boolean, 'whether it is the last entry of the stack', 'true'),
  },
  handlers: [readWrite('label', 'LABEL')],
})
