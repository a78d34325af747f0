/**
 * EtherRewrite(SRC, DST): sets both addresses of the Ethernet header.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: EtherEncap, EtherMirror.
 */
import { etherAddress } from '../arguments/addresses.ts'
import { required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const etherRewrite = defineElement({
  name: 'EtherRewrite',
  summary: 'sets the Ethernet addresses',
  ports: '1/1',
  arguments: { SRC: required(etherAddress, 'source'), DST: required(etherAddress, 'destination') },
  handlers: [readWrite('src', 'SRC'), readWrite('dst', 'DST')],
})
