/**
 * ToIngress(DEVNAME): packets go into an interface as if they had arrived there.
 *
 * Weft's own. Packets must start with their Ethernet header. A router whose FromDevice is at the interface takes them; without one the host does
 * (ToHost hands packets to the host in any case).
 *
 * Ports: one input, none out. Processing: push.
 * See also: ToDevice, ToHost, FromDevice.
 */
import { required } from '../arguments/spec.ts'
import { string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toIngress = defineElement({
  name: 'ToIngress',
  summary: 'packets go into an interface as if they had arrived there',
  origin: 'weft',
  ports: '1/0',
  processing: 'h',
  arguments: { DEVNAME: required(string, 'the interface') },
  handlers: [read('count', 'packets that went there'), write('reset_counts', 'sets it to 0')],
})
