/**
 * LinkSwitch(LINK, ...): takes packets out of the tunnels of links, and sends each out of the interface of its link.
 *
 * Weft's own. Takes Ethernet packets of an underlay interface. A LINK is what its packets are known by, and the index of the interface that they are
 * for:
 *
 *     vxlan VNI REMOTE LOCAL INTERFACE
 *     gre KEY REMOTE LOCAL INTERFACE         KEY is - where packets have none
 *     etherip REMOTE LOCAL INTERFACE
 *     ipip REMOTE LOCAL INTERFACE ETHER FAR  Ethernet addresses: of the guest, and of the far end as the guest is to see it
 *     mpls LABEL INTERFACE                   Ethernet within MPLS
 *     vlan ID INTERFACE                      IEEE 802.1Q
 *     qinq SERVICE CUSTOMER INTERFACE        a tag of IEEE 802.1ad before one of 802.1Q: their VLAN identifiers
 *
 * Behind these, PEER ETHER (of ipip PEER alone) says that the interface is one end of a veth pair, and the guest with that Ethernet address at the other: IP
 * packets for it are then handed over there at once, past the queueing discipline and any program at the interface's egress, and are not among what the
 * interface has sent. It is faster, and for interfaces alone that have neither; the guest must be in another network namespace.
 *
 * REMOTE is the outer source, LOCAL the outer destination: of another peer, or for another address, a packet is none of the link's. A packet with a VLAN tag
 * is of a vlan or qinq alone; further tags behind those of its link are the guests' own, and stay. What belongs to no
 * link leaves by output 0 as it came; so does what is no sound packet of its kind (the outer IP header wrong, with options or of a fragment, another
 * UDP port than 4789, flags that are not known, no whole header within). Links are looked for in a table of any number up to 131,072, at one price.
 *
 * `add` is refused where there is a link of the same kind; `set` replaces it, and goes on counting. `remove` takes a LINK up to INTERFACE. `counts`
 * gives a line PACKETS BYTES LINK for each, without INTERFACE and what follows, or of one that is named PACKETS BYTES alone; bytes are those of the
 * guests' frames.
 *
 * Ports: one input, one output. Processing: push.
 * See also: FromDevice, ToHost, VXLANDecap, GREDecap, EtherIPDecap, StripIPHeader, MPLSDecap, VLANDecap.
 */
import { type EtherAddress, readEtherAddress, readIpAddress } from '../arguments/addresses.ts'
import { readInteger } from '../arguments/numbers.ts'
import { type ArgumentType, isRefusal, type Refusal, refuse } from '../arguments/types.ts'
import { defineElement, read, write } from '../element.ts'
import { splitWords } from '../language/strings.ts'

/** What the packets of a link are known by. */
export type LinkKey =
  | { readonly technology: 'vxlan'; readonly vni: number; readonly remote: number; readonly local: number }
  | { readonly technology: 'gre'; readonly key: number | undefined; readonly remote: number; readonly local: number }
  | { readonly technology: 'etherip' | 'ipip'; readonly remote: number; readonly local: number }
  | { readonly technology: 'mpls'; readonly label: number }
  | { readonly technology: 'vlan'; readonly id: number }
  | { readonly technology: 'qinq'; readonly service: number; readonly customer: number }

export interface LinkEntry {
  readonly key: LinkKey
  /** Index of the interface. */
  readonly device: number
  /** The guest's Ethernet address, of ipip and with PEER. */
  readonly guest: EtherAddress | undefined
  /** What the guest is to take for the sender's, of ipip. */
  readonly far: EtherAddress | undefined
  /** Whether packets go to the other end of the veth pair at once. */
  readonly peer: boolean
}

const forms: Readonly<Record<LinkKey['technology'], string>> = {
  vxlan: 'vxlan VNI REMOTE LOCAL',
  gre: 'gre KEY REMOTE LOCAL',
  etherip: 'etherip REMOTE LOCAL',
  ipip: 'ipip REMOTE LOCAL',
  mpls: 'mpls LABEL',
  vlan: 'vlan ID',
  qinq: 'qinq SERVICE CUSTOMER',
}

const isTechnology = (word: string): word is LinkKey['technology'] => Object.hasOwn(forms, word)

const numberUpTo = (most: number, word: string | undefined): number | undefined => {
  const value = readInteger(word ?? '')
  return value === undefined || value < 0 || value > most ? undefined : value
}

/** Those of 802.1Q that name a VLAN: 0 and 4095 do not. */
const vlanOf = (word: string | undefined): number | undefined => numberUpTo(0xffe, word) || undefined

/** The key, and the words behind it. */
const readKey = (text: string): readonly [LinkKey, readonly string[]] | Refusal => {
  const [technology = '', ...words] = splitWords(text)
  if (!isTechnology(technology)) return refuse(`expected ${Object.keys(forms).join(', ')}, not '${technology}'`)
  const expected = refuse(`expected ${forms[technology]}`)
  if (technology === 'mpls') {
    const label = numberUpTo(0xf_ffff, words[0])
    return label === undefined ? refuse('expected mpls LABEL, up to 1048575') : [{ technology, label }, words.slice(1)]
  }
  if (technology === 'vlan') {
    const id = vlanOf(words[0])
    return id === undefined ? refuse('expected vlan ID, 1 to 4094') : [{ technology, id }, words.slice(1)]
  }
  if (technology === 'qinq') {
    const [service, customer] = [vlanOf(words[0]), vlanOf(words[1])]
    if (service === undefined || customer === undefined) return refuse('expected qinq SERVICE CUSTOMER, 1 to 4094 each')
    return [{ technology, service, customer }, words.slice(2)]
  }
  const identified = technology === 'vxlan' || technology === 'gre'
  const [remoteText = '', localText = '', ...rest] = identified ? words.slice(1) : words
  const [remote, local] = [readIpAddress(remoteText), readIpAddress(localText)]
  if (remote === undefined || local === undefined) return expected
  if (technology === 'vxlan') {
    const vni = numberUpTo(0xff_ffff, words[0])
    return vni === undefined ? refuse('expected a VNI, up to 16777215') : [{ technology, vni, remote, local }, rest]
  }
  if (technology === 'gre') {
    const key = words[0] === '-' ? undefined : numberUpTo(0xffff_ffff, words[0])
    if (key === undefined && words[0] !== '-') return refuse('expected a KEY, up to 4294967295, or -')
    return [{ technology, key, remote, local }, rest]
  }
  return [{ technology, remote, local }, rest]
}

export const linkKey: ArgumentType<LinkKey> = {
  name: 'LINK without INTERFACE',
  parse: (text) => {
    const found = readKey(text)
    if (isRefusal(found)) return found
    const [key, [more]] = found
    return more === undefined ? key : refuse(`expected ${forms[key.technology]} and no more`)
  },
}

export const linkEntry: ArgumentType<LinkEntry> = {
  name: 'LINK',
  parse: (text) => {
    const found = readKey(text)
    if (isRefusal(found)) return found
    const [key, [deviceText, ...rest]] = found
    const device = numberUpTo(0x7fff_ffff, deviceText)
    const isIp = key.technology === 'ipip'
    const expected = refuse(
      `expected ${forms[key.technology]} INTERFACE${isIp ? ' ETHER FAR [PEER]' : ' [PEER ETHER]'}`,
    )
    if (device === undefined) return expected
    if (device === 0) return refuse('no interface has the index 0')
    const peer = rest[isIp ? 2 : 0] === 'PEER'
    const ethers = rest.filter((word) => word !== 'PEER').map(readEtherAddress)
    const [guest, far] = ethers
    if (rest.length !== ethers.length + (peer ? 1 : 0) || ethers.includes(undefined)) return expected
    return ethers.length === (isIp ? 2 : peer ? 1 : 0) ? { key, device, guest, far, peer } : expected
  },
}

export const linkSwitch = defineElement({
  name: 'LinkSwitch',
  summary: 'takes packets out of tunnels, to the interfaces of their links',
  origin: 'weft',
  ports: '1/1',
  processing: 'h/h',
  list: {
    name: 'LINK',
    type: linkEntry,
    text: 'what its packets are known by, and an interface',
    label: 'argument',
    first: 0,
  },
  handlers: [
    read('table', 'links, one a line, as they are added'),
    read('count', 'how many links there are'),
    read('counts', 'packets and bytes of every link, or of the one that is named'),
    write('add', 'a LINK that there is not yet'),
    write('set', 'a LINK, in place of one of the same kind'),
    write('remove', 'a LINK, up to INTERFACE'),
  ],
})
