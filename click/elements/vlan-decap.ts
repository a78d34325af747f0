/**
 * VLANDecap([ANNO] [, ETHERTYPE e]): takes the VLAN tag out of Ethernet packets that have one.
 *
 * With ANNO the tag goes to the VLAN annotation; 0 where there was none.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: VLANEncap.
 */
import { boolean, unsigned16 } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const vlanDecap = defineElement({
  name: 'VLANDecap',
  summary: 'takes the VLAN tag out of Ethernet packets',
  ports: '1/1',
  arguments: {
    ANNO: optional(boolean, 'keeps the tag in the annotation', 'true'),
    ETHERTYPE: keyword(unsigned16, 'type of the tag', '0x8100'),
  },
})
