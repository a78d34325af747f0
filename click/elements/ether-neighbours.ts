/**
 * EtherNeighbours(NEIGHBOUR, ...): puts Ethernet headers in front of IP packets, from a table that others keep.
 *
 * Weft's own. Takes IPv4 packets with their destination address annotation set. A NEIGHBOUR is `IP DST SRC`: its IP address, its Ethernet address, and
 * the one that it is sent to from. A packet of which the table has no neighbour leaves by output 1 as it came, or is dropped: nobody is asked.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ARPQuerier, EtherEncap.
 */
import { type EtherAddress, readEtherAddress, readIpAddress } from '../arguments/addresses.ts'
import { type ArgumentType, refuse } from '../arguments/types.ts'
import { defineElement, read, write } from '../element.ts'
import { splitWords } from '../language/strings.ts'

export interface EtherNeighbour {
  readonly ip: number
  readonly destination: EtherAddress
  readonly source: EtherAddress
}

export const etherNeighbour: ArgumentType<EtherNeighbour> = {
  name: 'IP DST SRC',
  parse: (text) => {
    const [ipText = '', destinationText = '', sourceText = '', ...more] = splitWords(text)
    const ip = readIpAddress(ipText)
    const [destination, source] = [readEtherAddress(destinationText), readEtherAddress(sourceText)]
    if (ip === undefined || !destination || !source || more.length > 0) return refuse('expected IP DST SRC')
    return { ip, destination, source }
  },
}

export const etherNeighbours = defineElement({
  name: 'EtherNeighbours',
  summary: 'puts Ethernet headers in front, of neighbours in a table',
  origin: 'weft',
  ports: '1/1-2',
  processing: 'a/ah',
  list: { name: 'NEIGHBOUR', type: etherNeighbour, text: 'IP DST SRC', label: 'argument', first: 0 },
  handlers: [
    read('table', 'neighbours, one a line'),
    read('count', 'how many neighbours there are'),
    write('set', "neighbours 'IP DST SRC', one a line, in place of those of the same IP"),
    write('remove', 'IP addresses, one a line'),
  ],
})
