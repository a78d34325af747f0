/**
 * FromDevice(DEVNAME [, PROMISC, SNAPLEN] [, ATTACH how]): packets that arrive at a network device.
 *
 * Each packet starts with its Ethernet header. The packet type annotation is set from the destination address: broadcast, multicast by
 * the group bit, else host, or other host where the address is not the device's. What leaves the configuration nowhere is dropped; the
 * kernel does not see the packets of the device (ToHost gives them back).
 *
 * ATTACH says where the program is attached: `xdp`, `tcx`, `clsact`, or `auto`, the best that the device can do. `tcx` (Linux 6.6) and
 * `clsact` keep offloads; `xdp` is fastest, but no guest may be at the other end.
 *
 * SNAPLEN, METHOD, HEADROOM, BURST, TIMESTAMP, QUIET and ALIGNMENT are about how Click's drivers read packets, and are taken without effect:
 * packets come whole, each at once. What would make others of them (SNIFFER true, ACTIVE false, FORCE_IP true, OUTBOUND true, BPF_FILTER,
 * PROTOCOL, ALLOW_NONEXISTENT true, UP_CALL, DOWN_CALL) is not supported.
 *
 * Ports: no input, one output. Processing: push.
 * See also: ToDevice, FromHost, ToHost.
 */
import { deviceArguments } from '../arguments/devices.ts'
import { boolean, unsigned, unsigned16 } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { anything, oneOf, string, word } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const fromDevice = defineElement({
  name: 'FromDevice',
  summary: 'packets that arrive at a network device',
  ports: '0/1',
  processing: 'h',
  arguments: {
    DEVNAME: required(string, 'the device'),
    PROMISC: optional(boolean, 'takes packets for other hosts too', 'true'),
    SNAPLEN: optional(unsigned, 'without effect: packets come whole'),
    ATTACH: keyword(
      oneOf({ auto: 'auto', xdp: 'xdp', tcx: 'tcx', clsact: 'clsact' } as const),
      'where the program is attached',
      'auto',
    ),
    SNIFFER: keyword(boolean, 'lets the host see the packets too', 'false'),
    ACTIVE: keyword(boolean, 'takes packets at all', 'true'),
    FORCE_IP: keyword(boolean, 'takes IP packets alone', 'false'),
    OUTBOUND: keyword(boolean, 'takes what the host sends too', 'false'),
    PROTOCOL: keyword(unsigned16, 'takes packets of this Ethernet type alone; 0: of all', '0'),
    BPF_FILTER: keyword(string, 'takes packets that it matches alone', '""'),
    METHOD: keyword(word, 'without effect: how packets are read from a socket'),
    HEADROOM: keyword(unsigned, 'without effect: bytes before packets'),
    BURST: keyword(unsigned, 'without effect: packets that are read at once'),
    TIMESTAMP: keyword(boolean, 'without effect: whether packets have the time they came', 'true'),
    ALIGNMENT: keyword(anything, 'without effect: where packets begin in memory'),
    ...deviceArguments,
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
