/**
 * ARPQuerier(IP, ETH [, TIMEOUT t, ...]): puts Ethernet headers in front of IP packets, with addresses found by ARP.
 *
 * Input 0 takes IP packets with their destination address annotation set, input 1 ARP replies with their Ethernet header. A packet whose
 * Ethernet address is known leaves by output 0. For any other a query leaves, by output 1 where there is one, else by output 0. Packets to
 * 255.255.255.255 and BROADCAST go to the Ethernet broadcast address, those to multicast addresses as RFC 1112 says, those to 0.0.0.0
 * nowhere.
 *
 * Ports: two inputs, one output or two. Processing: push.
 * See also: ARPResponder, EtherEncap.
 */
import { etherAddress, ipAddress, prefixOrAddress } from '../arguments/addresses.ts'
import { boolean, seconds, unsigned } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { defineElement, read, readWrite, write } from '../element.ts'

export const arpQuerier = defineElement({
  name: 'ARPQuerier',
  summary: 'puts Ethernet headers in front, found by ARP',
  ports: '2/1-2',
  processing: 'h',
  flow: 'xy/x',
  arguments: {
    IP: required(prefixOrAddress, 'own address, with the prefix of its network'),
    ETH: required(etherAddress, 'own Ethernet address'),
    CAPACITY: keyword(unsigned, 'packets that may wait', '2048'),
    ENTRY_CAPACITY: keyword(unsigned, 'addresses that are known at most; 0: no bound', '0'),
    ENTRY_PACKET_CAPACITY: keyword(unsigned, 'packets that may wait for one address; 0: no bound', '0'),
    TIMEOUT: keyword(seconds, 'after which an address is forgotten', '300'),
    POLL_TIMEOUT: keyword(seconds, 'after which an address in use is asked for again; 0: never', '60'),
    BROADCAST: keyword(ipAddress, "the network's broadcast address"),
    BROADCAST_POLL: keyword(boolean, 'asks again by broadcast', 'false'),
  },
  handlers: [
    readWrite('ipaddr', 'own address'),
    read('broadcast', 'broadcast address'),
    read('table', 'addresses, one a line'),
    read('stats', 'queries and drops'),
    read('queries', 'queries sent'),
    read('responses', 'replies taken'),
    read('drops', 'packets dropped'),
    read('count', 'addresses known'),
    read('length', 'packets that wait'),
    write('insert', "an address 'IP ETH'"),
    write('delete', 'an IP address'),
    write('clear', 'all addresses'),
  ],
})
