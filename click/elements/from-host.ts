/**
 * FromHost(DEVNAME): packets that the host itself sends to a network device.
 *
 * The kernel's own routing chose the device; the packets start with their Ethernet header. Those that leave the configuration nowhere are
 * dropped.
 *
 * Ports: no input, one output. Processing: push.
 * See also: ToHost, FromDevice.
 */
import { required } from '../arguments/spec.ts'
import { string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const fromHost = defineElement({
  name: 'FromHost',
  summary: 'packets that the host sends to a network device',
  ports: '0/1',
  processing: 'h',
  arguments: { DEVNAME: required(string, 'the device') },
  handlers: [read('count', 'packets sent by the host'), write('reset_counts', 'sets count to 0')],
})
