/**
 * Pure: what stands before a tunnel that carries IPv4 alone (ipip). Nothing goes to the far end that has no IPv4 header, so its Ethernet address is
 * told here: every ARP query is answered with it.
 */
import type { FarEnd, SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { drop, type Named, numbered, type Part } from './part.ts'

/** Between two tunnels: ARP has been answered where it began. */
export const ipv4Only: Part = {
  lines: ['kind :: Classifier(12/0800, -);', drop('kind[1]', 'not_ipv4')],
  input: 'kind',
  output: 'kind',
}

/**
 * Behind a vif. Where the far end's addresses are known, it has those; else all but the asker's own: who asks for his own address asks whether
 * somebody else has it (RFC 5227, section 2.1.1; his address may be no sender's yet, 0.0.0.0, or be announced), and nobody has.
 */
export const ipv4WithArp = (vif: Named, own: SliceInterface, far: FarEnd): Part => {
  const request = '12/0806 20/0001'
  const own4 = own.addresses.flatMap(hexOf)
  const silent = [`${request} 28/00000000`, ...own4.map((address) => `${request} 38/${address}`)]
  const patterns = ['12/0800', ...silent, request, '-']
  const known = far.addresses.filter(isIpv4).map(withoutLength)
  const answered = known.length === 0 ? '0.0.0.0/0' : known.join(' ')
  return {
    lines: [
      `kind :: Classifier(${patterns.join(', ')});`,
      `arp :: ARPResponder(${answered} ${far.mac}); // the far end, which hears no ARP`,
      `kind[${silent.length + 1}] -> arp -> answered :: Counter -> Queue -> ToDevice(${vif.name}); ${numbered(vif)}`,
      drop('arp[1]', 'unknown_address'),
      'own_address :: Counter -> Discard; // whether somebody else has it: nobody',
      ...silent.map((_, at) => `kind[${at + 1}] -> own_address;`),
      drop(`kind[${silent.length + 2}]`, 'not_ipv4'),
    ],
    input: 'kind',
    output: 'kind',
  }
}

const isIpv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(address)

const withoutLength = (address: string): string => address.split('/')[0] ?? ''

const hexOf = (address: string): readonly string[] =>
  isIpv4(address) ? [Buffer.from(withoutLength(address).split('.').map(Number)).toString('hex')] : []
