/**
 * ToDevice(DEVNAME): sends packets out of a network device.
 *
 * Packets must start with their Ethernet header. ToDevice pulls, as in Click: between it and what pushes stands a Queue, which says where
 * the packets would wait.
 *
 * Ports: one input, no output. Processing: pull.
 * See also: FromDevice, Queue.
 */
import { required } from '../arguments/spec.ts'
import { string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toDevice = defineElement({
  name: 'ToDevice',
  summary: 'sends packets out of a network device',
  ports: '1/0',
  processing: 'l',
  arguments: { DEVNAME: required(string, 'the device') },
  handlers: [
    read('count', 'packets sent'),
    read('drops', 'packets that the device did not take'),
    write('reset_counts', 'sets both to 0'),
  ],
})
