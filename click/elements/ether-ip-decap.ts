/**
 * EtherIPDecap: takes an IP and an EtherIP header off packets (RFC 3378), so that the Ethernet packet within is left.
 *
 * Weft's own. Takes IP packets. What is no such packet (another protocol or version, options in the IP header, a fragment, no whole Ethernet header
 * within) leaves by output 1 as it came, or is dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: EtherIPEncap, CheckIPHeader.
 */
import { defineElement } from '../element.ts'

export const etherIpDecap = defineElement({
  name: 'EtherIPDecap',
  summary: 'takes an IP and an EtherIP header off',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
})
