/**
 * FromDevice(DEVNAME [, PROMISC] [, ATTACH how]): packets that arrive at a network device.
 *
 * Each packet starts with its Ethernet header. The packet type annotation is set from the destination address: broadcast, multicast by
 * the group bit, else host, or other host where the address is not the device's. What leaves the configuration nowhere is dropped; the
 * kernel does not see the packets of the device (ToHost gives them back).
 *
 * ATTACH says where the program is attached: `xdp`, `tcx`, `clsact`, or `auto`, the best that the device can do. `tcx` (Linux 6.6) and
 * `clsact` keep offloads; `xdp` is fastest, but no guest may be at the other end.
 *
 * Ports: no input, one output. Processing: push.
 * See also: ToDevice, FromHost, ToHost.
 */
import { boolean } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { oneOf, string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const fromDevice = defineElement({
  name: 'FromDevice',
  summary: 'packets that arrive at a network device',
  ports: '0/1',
  processing: 'h',
  arguments: {
    DEVNAME: required(string, 'the device'),
    PROMISC: optional(boolean, 'takes packets for other hosts too', 'true'),
    ATTACH: keyword(
      oneOf({ auto: 'auto', xdp: 'xdp', tcx: 'tcx', clsact: 'clsact' } as const),
      'where the program is attached',
      'auto',
    ),
  },
  handlers: [
    read('count', 'packets that arrived'),
    read(
      'lost',
      'of them, and of their copies, those that were given up: they came round too often, or were copied too deep',
    ),
    write('reset_counts', 'sets both to 0'),
  ],
})
