/**
 * SetIPDSCP(DSCP): sets the DSCP of IP packets, the upper six bits of TOS, and keeps the checksum right.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: SetIPECN.
 */
import { integer } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const setIpDscp = defineElement({
  name: 'SetIPDSCP',
  summary: 'sets the DSCP of IP packets',
  ports: '1/1',
  arguments: { DSCP: required(integer(0, 63), 'the DSCP') },
  handlers: [readWrite('dscp', 'DSCP')],
})
