/**
 * FitsMTU(MTU): tells IPv4 packets that are no longer than MTU bytes from those that are.
 *
 * Weft's own. Takes IPv4 packets, whose header begins where the packet does. Of a packet that the kernel is to segment later (GSO) it is the segments that
 * count. What is longer leaves by output 1 as it came, or is dropped; so do packets to be segmented that have IP options or are not of TCP or UDP.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ToDevice, ToIngress.
 */
import { integer } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const fitsMtu = defineElement({
  name: 'FitsMTU',
  summary: 'tells packets that are not too long',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: { MTU: required(integer(68, 65_535), 'greatest length of a packet in bytes') },
})
