/**
 * ARPResponder(IP/MASK ... ETH, ...): answers ARP requests for addresses of its prefixes with their Ethernet address.
 *
 * Takes ARP requests with their Ethernet header and sends the replies. What it cannot answer leaves by output 1, or is dropped. The most
 * specific prefix counts.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: ARPQuerier.
 */
import { type EtherAddress, type Prefix, readEtherAddress, readPrefixOrAddress } from '../arguments/addresses.ts'
import { type ArgumentType, refuse } from '../arguments/types.ts'
import { defineElement, read, write } from '../element.ts'
import { splitWords } from '../language/strings.ts'

export interface ArpEntry {
  readonly prefixes: readonly Prefix[]
  readonly ether: EtherAddress
}

export const arpEntry: ArgumentType<ArpEntry> = {
  name: 'IP/MASK ... ETH',
  parse: (text) => {
    const prefixes: Prefix[] = []
    let ether: EtherAddress | undefined
    for (const word of splitWords(text)) {
      const prefix = readPrefixOrAddress(word)
      const address = readEtherAddress(word)
      if (prefix) prefixes.push({ address: (prefix.address & prefix.mask) >>> 0, mask: prefix.mask })
      else if (!address) return refuse('expected IP/MASK ETH')
      else if (ether) return refuse('more than one ETH')
      else ether = address
    }
    if (prefixes.length === 0) return refuse('missing IP/MASK')
    return ether ? { prefixes, ether } : refuse('missing ETH')
  },
}

export const arpResponder = defineElement({
  name: 'ARPResponder',
  summary: 'answers ARP requests',
  ports: '1/1-2',
  processing: 'a/ah',
  list: { name: 'ENTRY', type: arpEntry, text: 'IP/MASK ... ETH', label: 'argument', first: 0 },
  handlers: [
    read('table', 'entries, one a line'),
    read('lookup', 'the Ethernet address of an IP address'),
    write('add', "entries 'IP/MASK ... ETH'"),
    write('remove', "the entry of 'IP/MASK'"),
  ],
})
