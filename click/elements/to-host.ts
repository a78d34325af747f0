/**
 * ToHost([DEVNAME, TYPE, SNIFFERS, QUIET, ALLOW_NONEXISTENT]): hands packets to the host's own network stack, as if they had arrived at the device.
 *
 * With TYPE ETHER packets must start with their Ethernet header, with TYPE IP with an IP header. Without DEVNAME the device is the one by
 * which the packet came. The host takes a packet as the packet type annotation says, whatever its Ethernet address: as its own, as broadcast, or
 * as another host's.
 *
 * SNIFFERS true would show packets to sniffers alone. QUIET and ALLOW_NONEXISTENT are about devices that come and go.
 *
 * Ports: one input, no output. Processing: push.
 * See also: FromHost, FromDevice.
 */
import { boolean } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { oneOf, string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toHost = defineElement({
  name: 'ToHost',
  summary: "hands packets to the host's network stack",
  ports: '1/0',
  processing: 'h',
  arguments: {
    DEVNAME: optional(string, 'the device that they seem to arrive at'),
    TYPE: keyword(oneOf({ ETHER: 'ETHER', IP: 'IP' } as const), 'what packets start with', 'ETHER'),
    SNIFFERS: keyword(boolean, 'shows packets to sniffers alone', 'false'),
    QUIET: keyword(boolean, 'says nothing of devices that come and go', 'false'),
    ALLOW_NONEXISTENT: keyword(boolean, 'takes a device that is not there yet', 'false'),
  },
  handlers: [
    read('count', 'packets handed over'),
    read('drops', 'packets that no device is known of'),
    write('reset_counts', 'sets both to 0'),
  ],
})
