/**
 * CheckIPHeader([OFFSET] [, INTERFACES i, BADSRC b, GOODDST g, CHECKSUM c, VERBOSE v, DETAILS d]): packets with a right IPv4 header.
 *
 * Checks that there is a whole header OFFSET bytes in, its version, its length and that of the packet, the checksum (unless CHECKSUM is
 * false), and that the source address is none of BADSRC, unless the destination is one of GOODDST. INTERFACES gives both: of each address
 * with its prefix, the broadcast address is a bad source and the address itself a good destination; 0.0.0.0 and 255.255.255.255 are bad
 * too. Cuts what is behind the IP packet, notes where the header is, and sets the destination address annotation. Wrong packets leave by
 * output 1, or are dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: CheckIPHeader2, MarkIPHeader.
 */
import { ipAddress, listOf, prefixOrAddress } from '../arguments/addresses.ts'
import { boolean, unsigned } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { defineElement, read } from '../element.ts'

export const checkIpHeaderArguments = {
  OFFSET: optional(unsigned, 'bytes before the IP header', '0'),
  INTERFACES: keyword(listOf(prefixOrAddress), "addresses of this router, with their networks' prefixes"),
  BADSRC: keyword(listOf(ipAddress), 'source addresses that are wrong'),
  GOODDST: keyword(listOf(ipAddress), 'destination addresses whose packets may have any source'),
  VERBOSE: keyword(boolean, 'says each wrong packet, not only the first', 'false'),
  DETAILS: keyword(boolean, 'counts by what is wrong', 'false'),
} as const

export const checkIpHeaderHandlers = [
  read('drops', 'wrong packets'),
  read('drop_details', 'wrong packets by what is wrong, with DETAILS'),
] as const

export const checkIpHeader = defineElement({
  name: 'CheckIPHeader',
  summary: 'checks the IP header',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: { ...checkIpHeaderArguments, CHECKSUM: keyword(boolean, 'checks the checksum', 'true') },
  handlers: checkIpHeaderHandlers,
})
