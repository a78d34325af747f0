/**
 * StoreIPAddress(OFFSET), StoreIPAddress(ADDR, OFFSET): writes an address into packets.
 *
 * Without ADDR it is that of the destination address annotation, and nothing is written where that is 0. OFFSET is a byte of the packet,
 * or `src` or `dst`: that field of the IP header, whose checksums (IP, TCP, UDP) are kept right; elsewhere no checksum is touched. Packets
 * that end before leave by output 1, or are dropped.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: GetIPAddress, SetIPAddress, SetIPChecksum.
 */
import { readIpAddress } from '../arguments/addresses.ts'
import { readInteger } from '../arguments/numbers.ts'
import { type ArgumentType, refuse } from '../arguments/types.ts'
import { defineElement } from '../element.ts'

export type StoreIpAddressArgument =
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'offset'; readonly offset: number | 'src' | 'dst' }

/** Which of both an argument is depends on its place; what it may be does not. */
const argument: ArgumentType<StoreIpAddressArgument> = {
  name: 'IP address, integer, src or dst',
  parse: (text) => {
    const address = readIpAddress(text)
    if (address !== undefined) return { kind: 'address', address }
    const field = text.toLowerCase()
    if (field === 'src' || field === 'dst') return { kind: 'offset', offset: field }
    const offset = readInteger(text)
    return offset === undefined || offset < 0
      ? refuse('type mismatch: OFFSET requires integer')
      : { kind: 'offset', offset }
  },
}

export const storeIpAddress = defineElement({
  name: 'StoreIPAddress',
  summary: 'writes an IP address into packets',
  ports: '1/1-2',
  processing: 'a/ah',
  list: { name: '[ADDR,] OFFSET', type: argument, text: 'the address and where it goes', label: 'argument', first: 1 },
  problems: ({ list }) => {
    if (list.length > 2) return ['too many arguments']
    if (list.at(-1)?.kind !== 'offset') return ['OFFSET: required argument missing']
    return list.length === 2 && list[0]?.kind !== 'address' ? ['ADDR: parse error'] : []
  },
})
