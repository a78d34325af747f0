/**
 * VLANEncap([VLAN_TCI, VLAN_PCP] [, VLAN_ID i, NATIVE_VLAN n, ETHERTYPE e]): puts a VLAN tag into Ethernet packets (IEEE 802.1Q).
 *
 * VLAN_TCI is the whole tag, or ANNO: that of the VLAN annotation; else VLAN_ID and VLAN_PCP make it. A packet of the NATIVE_VLAN gets no
 * tag; -1: there is none.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: VLANDecap, SetVLANAnno.
 */
import { integer, unsigned16 } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import type { ArgumentType } from '../arguments/types.ts'
import { defineElement, readWrite } from '../element.ts'

const tci: ArgumentType<number | 'ANNO'> = {
  name: 'integer 0-65535 or ANNO',
  parse: (text) => (text === 'ANNO' ? text : unsigned16.parse(text)),
}

export const vlanEncap = defineElement({
  name: 'VLANEncap',
  summary: 'puts a VLAN tag into Ethernet packets',
  ports: '1/1',
  arguments: {
    VLAN_TCI: optional(tci, 'the tag, or ANNO for that of the annotation'),
    VLAN_PCP: optional(integer(0, 7), 'priority', '0'),
    VLAN_ID: keyword(integer(0, 0xfff), 'VLAN', '0'),
    NATIVE_VLAN: keyword(integer(-1, 0xfff), 'VLAN that is sent without a tag', '0'),
    ETHERTYPE: keyword(unsigned16, 'type of the tag; 0x88a8 for a service tag', '0x8100'),
  },
  handlers: ['vlan_tci', 'vlan_id', 'vlan_pcp', 'native_vlan', 'ethertype'].map((name) =>
    readWrite(name, name.toUpperCase()),
  ),
})
