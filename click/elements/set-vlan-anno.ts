/**
 * SetVLANAnno([VLAN_TCI, VLAN_PCP] [, VLAN_ID i]): sets the VLAN annotation.
 *
 * VLAN_TCI is the whole tag; else VLAN_ID and VLAN_PCP make it.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: VLANEncap.
 */
import { integer, unsigned16 } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const setVlanAnno = defineElement({
  name: 'SetVLANAnno',
  summary: 'sets the VLAN annotation',
  ports: '1/1',
  arguments: {
    VLAN_TCI: optional(unsigned16, 'the tag'),
    VLAN_PCP: optional(integer(0, 7), 'priority', '0'),
    VLAN_ID: keyword(integer(0, 0xfff), 'VLAN', '0'),
  },
  handlers: ['vlan_tci', 'vlan_id', 'vlan_pcp'].map((name) => readWrite(name, name.toUpperCase())),
})
