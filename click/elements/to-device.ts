/**
 * ToDevice(DEVNAME [, BURST]): sends packets out of a network device.
 *
 * Packets must start with their Ethernet header. ToDevice pulls, as in Click: between it and what pushes stands a Queue, which says where
 * the packets would wait. Short packets are sent as they are, without padding.
 *
 * BURST, QUEUE, METHOD, DEBUG and QUIET are about how Click's drivers send, and are taken without effect. NO_PAD false, ALLOW_NONEXISTENT true,
 * UP_CALL and DOWN_CALL are not supported.
 *
 * Ports: one input, no output. Processing: pull.
 * See also: FromDevice, Queue.
 */
import { deviceArguments } from '../arguments/devices.ts'
import { boolean, unsigned, unsigned16 } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { string, word } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const toDevice = defineElement({
  name: 'ToDevice',
  summary: 'sends packets out of a network device',
  ports: '1/0',
  processing: 'l',
  arguments: {
    DEVNAME: required(string, 'the device'),
    BURST: optional(unsigned, 'without effect: packets that are sent at once'),
    NO_PAD: keyword(boolean, 'sends packets under 60 bytes as they are', 'true'),
    QUEUE: keyword(unsigned16, 'without effect: queue of the device'),
    METHOD: keyword(word, 'without effect: how packets are sent by a socket'),
    DEBUG: keyword(boolean, 'without effect: tells of each packet', 'false'),
    ...deviceArguments,
  },
  handlers: [
    read('count', 'packets sent'),
    read('drops', 'packets that the device did not take'),
    write('reset_counts', 'sets both to 0'),
  ],
})
