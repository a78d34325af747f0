/**
 * EtherEncap(ETHERTYPE, SRC, DST): puts an Ethernet header in front of packets.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: ARPQuerier, EtherRewrite, VLANEncap.
 */
import { etherAddress } from '../arguments/addresses.ts'
import { unsigned16 } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const etherEncap = defineElement({
  name: 'EtherEncap',
  summary: 'puts an Ethernet header in front',
  ports: '1/1',
  arguments: {
    ETHERTYPE: required(unsigned16, 'type of what follows, 0x0800 for IP'),
    SRC: required(etherAddress, 'source'),
    DST: required(etherAddress, 'destination'),
  },
  handlers: [readWrite('src', 'SRC'), readWrite('dst', 'DST'), readWrite('ethertype', 'ETHERTYPE')],
})
