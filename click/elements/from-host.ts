/**
 * FromHost(DEVNAME [, PREFIX, TYPE, ETHER, MTU, CAPACITY, CLEAR_ANNO, BURST]): packets that the host itself sends to a network device.
 *
 * The device is made where there is none of that name, with the address and the network of PREFIX, so that the host's own routing chooses it
 * for that network; ETHER is its Ethernet address, MTU its greatest packet.
 *
 * With TYPE ETHER packets start with an Ethernet header, and the host asks for addresses by ARP, which the configuration should answer:
 *
 *     FromHost(fake, 192.0.0.1/8) -> c :: Classifier(12/0806, 12/0800);
 *     c[0] -> ARPResponder(0.0.0.0/0 1:1:1:1:1:1) -> ToHost(fake);
 *
 * With TYPE IP they are IP packets with the network header and destination IP address annotations set, and the host sends without asking.
 * Those whose IP header is wrong go to output 1, or are dropped.
 *
 * What leaves the configuration nowhere is dropped. CAPACITY and BURST are about a queue that is not here; annotations are always clear.
 *
 * Ports: no input, one or two outputs. Processing: push.
 * See also: ToHost, FromDevice.
 */
import { etherAddress, ipPrefix } from '../arguments/addresses.ts'
import { boolean, integer, unsigned } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { oneOf, string } from '../arguments/text.ts'
import { defineElement, read, write } from '../element.ts'

export const fromHost = defineElement({
  name: 'FromHost',
  summary: 'packets that the host sends to a network device',
  ports: '0/1-2',
  processing: 'h',
  arguments: {
    DEVNAME: required(string, 'the device'),
    PREFIX: optional(ipPrefix, "the device's address and network"),
    TYPE: keyword(oneOf({ ETHER: 'ETHER', IP: 'IP' } as const), 'what packets start with', 'ETHER'),
    ETHER: keyword(etherAddress, "the device's Ethernet address", '00:01:02:03:04:05'),
    MTU: keyword(integer(68, 65_535), "the device's greatest packet in bytes", '1500'),
    CAPACITY: keyword(unsigned, 'length of the queue between host and configuration', '100'),
    CLEAR_ANNO: keyword(boolean, 'clears annotations', 'true'),
    BURST: keyword(integer(1, 1_000_000), 'packets taken from that queue at once', '8'),
  },
  handlers: [
    read('count', 'packets sent by the host'),
    read('drops', 'packets whose IP header was wrong'),
    read('lost', 'packets and copies that were given up: they came round too often, or were copied too deep'),
    read('length', 'packets that wait'),
    read('capacity', 'the CAPACITY argument'),
    write('reset_counts', 'sets count, drops and lost to 0'),
  ],
})
