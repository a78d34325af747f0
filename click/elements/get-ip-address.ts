/**
 * GetIPAddress(OFFSET [, ANNO]), GetIPAddress(IP src|dst [, ANNO a]): sets the destination address annotation from the packet.
 *
 * OFFSET is where the four bytes are (16: an IP header's destination). IP takes them from the header that CheckIPHeader or MarkIPHeader
 * noted.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: SetIPAddress, StoreIPAddress, StaticIPLookup.
 */
import { annotation } from '../arguments/names.ts'
import { unsigned } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { oneOf } from '../arguments/text.ts'
import { defineElement } from '../element.ts'

export const getIpAddress = defineElement({
  name: 'GetIPAddress',
  summary: 'sets the destination address annotation from the packet',
  ports: '1/1',
  arguments: {
    OFFSET: optional(unsigned, 'byte at which the address is'),
    ANNO: optional(annotation(4), 'annotation that is set', 'DST_IP'),
    IP: keyword(oneOf({ src: 'src', dst: 'dst' } as const), 'which address of the IP header'),
  },
  problems: ({ values: { OFFSET, IP } }) =>
    (OFFSET === undefined) === (IP === undefined) ? ['set one of OFFSET, IP'] : [],
})
