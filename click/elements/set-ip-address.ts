/**
 * SetIPAddress(IPADDR [, ANNO a]): sets the destination address annotation.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: GetIPAddress, StoreIPAddress.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { annotation } from '../arguments/names.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const setIpAddress = defineElement({
  name: 'SetIPAddress',
  summary: 'sets the destination address annotation',
  ports: '1/1',
  arguments: {
    IPADDR: required(ipAddress, 'the address'),
    ANNO: keyword(annotation(4), 'annotation that is set', 'DST_IP'),
  },
  handlers: [readWrite('addr', 'IPADDR')],
})
