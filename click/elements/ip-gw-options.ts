/**
 * IPGWOptions(MYADDR [, OTHERADDRS]): does what every router does with IP options: record route and timestamp.
 *
 * MYADDR is the address of the interface by which packets leave; OTHERADDRS those of the other interfaces, which timestamps with
 * addresses may ask for. Keeps the checksum right. A packet with a wrong option leaves by output 1 with the parameter problem annotation
 * set to the byte that is wrong, or is dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ICMPError.
 */
import { ipAddress, listOf } from '../arguments/addresses.ts'
import { optional, required } from '../arguments/spec.ts'
import { defineElement, read } from '../element.ts'

export const ipGwOptions = defineElement({
  name: 'IPGWOptions',
  summary: 'does what routers do with IP options',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    MYADDR: required(ipAddress, 'address of the interface by which packets leave'),
    OTHERADDRS: optional(listOf(ipAddress), "the router's other addresses"),
  },
  handlers: [read('drops', 'packets with a wrong option')],
})
