/**
 * ToHost([DEVNAME]): hands packets to the host's own network stack, as if they had arrived at the device.
 *
 * Packets must start with their Ethernet header. Without DEVNAME it is the device by which the packet came.
 *
 * Ports: one input, no output. Processing: push.
 * See also: FromHost, FromDevice.
 */
import { optional } from '../arguments/spec.ts'
import { string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toHost = defineElement({
  name: 'ToHost',
  summary: "hands packets to the host's network stack",
  ports: '1/0',
  processing: 'h',
  arguments: { DEVNAME: optional(string, 'the device that they seem to arrive at') },
  handlers: [
    read('count', 'packets handed over'),
    read('drops', 'packets that no device is known of'),
    write('reset_counts', 'sets both to 0'),
  ],
})
