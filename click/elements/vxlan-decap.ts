/**
 * VXLANDecap([VNI] [, DPORT p]): takes an IP, a UDP and a VXLAN header off packets (RFC 7348), so that the Ethernet packet within is left.
 *
 * Weft's own. Takes IP packets. With VNI, only those of that network. What is no such packet (another protocol or port, options in the IP header, a
 * fragment, no VNI, no whole Ethernet header within) leaves by output 1 as it came, or is dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: VXLANEncap, CheckIPHeader.
 */
import { udpPort } from '../arguments/names.ts'
import { integer } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const vxlanDecap = defineElement({
  name: 'VXLANDecap',
  summary: 'takes VXLAN headers off',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    VNI: optional(integer(0, 0xff_ffff), 'VXLAN network identifier'),
    DPORT: keyword(udpPort, 'destination port', '4789'),
  },
})
