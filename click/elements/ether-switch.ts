/**
 * EtherSwitch([TIMEOUT t]): a learning Ethernet switch between its ports: input N and output N are one LAN.
 *
 * It learns from source addresses by which port they are reached. A packet whose destination is known leaves by that port alone, and is
 * dropped where it came from there; any other leaves by all ports but its own. After TIMEOUT seconds without a packet an address is
 * forgotten; with 0 nothing is learnt.
 *
 * Ports: two inputs or more, as many outputs. Processing: push. No packet leaves by the port by which it came.
 */
import { unsigned } from '../arguments/numbers.ts'
import { keyword } from '../arguments/spec.ts'
import { defineElement, read, readWrite } from '../element.ts'

export const etherSwitch = defineElement({
  name: 'EtherSwitch',
  summary: 'a learning Ethernet switch',
  ports: '2-/=',
  processing: 'h',
  flow: '#/[^#]',
  arguments: { TIMEOUT: keyword(unsigned, 'seconds after which an address is forgotten', '300') },
  handlers: [read('table', 'addresses and their ports'), readWrite('timeout', 'TIMEOUT')],
})
