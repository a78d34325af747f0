/**
 * MPLSDecap([LABEL]): takes the last entry of an MPLS label stack off packets (RFC 3032).
 *
 * Weft's own. Takes packets that begin with the entry. With LABEL, only those with that one. What is no such packet, and one with more entries behind
 * the first, leaves by output 1 as it came, or is dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: MPLSEncap.
 */
import { integer } from '../arguments/numbers.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const mplsDecap = defineElement({
  name: 'MPLSDecap',
  summary: 'takes the last entry of an MPLS label stack off',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: { LABEL: optional(integer(0, 0xf_ffff), 'label') },
})
