/**
 * FixIPSrc(IPADDR): sets the source address of packets whose fix IP source annotation asks for it, and keeps the checksum right.
 *
 * ICMPError asks: its packets are to have the address of the interface by which they leave. Clears the annotation.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: ICMPError.
 */
import { ipAddress } from '../arguments/addresses.ts'
import { required } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const fixIpSrc = defineElement({
  name: 'FixIPSrc',
  summary: 'sets the source address where an annotation asks for it',
  ports: '1/1',
  arguments: { IPADDR: required(ipAddress, 'the address') },
})
