/** What a guest may put into a frame to get out of its VNet: every field that means something to another VNet, or to the substrate. */
import { technologyNames } from '../../../../proto/technologies.ts'
import { parseIp } from '../../../netlink/codec/address.ts'
import { arp, concat, type Ether, ethernet, icmp, ip4, ip6, protocol, tagged, types, udp } from './packets.ts'
import { encapsulate, type Outer } from './tunnels.ts'

export interface Station {
  readonly mac: string
  readonly address: string
}

/** Who there is, and what is known of the others' links: a guest that knows all. */
export interface Targets {
  readonly own: Station
  readonly peer: Station
  /** Of the other VNet. */
  readonly victims: readonly Station[]
  /** Hosts, by their underlay NICs. */
  readonly hosts: readonly Station[]
  /** The other VNet's segments, of every technology and in both directions. */
  readonly segments: readonly Outer[]
  /** VLAN ids that mean something in the underlay. */
  readonly tags: readonly number[]
}

export interface Forgery {
  readonly what: string
  /** In the frame, and in no other. */
  readonly needle: Buffer
  readonly frame: Buffer
  /** Whether a technology that carries IPv4 alone takes it. */
  readonly isIpv4: boolean
}

const broadcast = 'ff:ff:ff:ff:ff:ff'
/** Groups that bridges keep to themselves (IEEE 802.1Q, table 8-1), and all hosts' of IPv4. */
const groups = ['01:80:c2:00:00:00', '01:80:c2:00:00:02', '01:80:c2:00:00:0e', '01:00:5e:00:00:01']

export const forgeries = (targets: Targets): readonly Forgery[] => {
  const list: Forgery[] = []
  const add = (what: string, make: (needle: Buffer) => Buffer): void => {
    const needle = Buffer.from(`weft-forgery-${String(list.length).padStart(4, '0')}`)
    const frame = make(needle)
    list.push({ what, needle, frame, isIpv4: frame.readUInt16BE(12) === types.ip4 })
  }
  const { own, peer, victims, hosts, segments, tags } = targets
  const others = [...victims, ...hosts]
  const datagram = (from: string, to: string) => (needle: Buffer) =>
    ip4({ from, to, next: protocol.udp }, udp(1000, 9, needle))
  const inIp = (ether: Ether, from: string, to: string) => (needle: Buffer) =>
    ethernet(ether, types.ip4, datagram(from, to)(needle))
  const toPeer = { from: own.mac, to: peer.mac }

  for (const { mac, address } of others) {
    add(`source MAC ${mac}`, inIp({ from: mac, to: peer.mac }, own.address, peer.address))
    add(`source IP ${address}`, inIp(toPeer, address, peer.address))
    add(`to MAC ${mac}`, inIp({ from: own.mac, to: mac }, own.address, address))
    add(`to IP ${address} by broadcast`, inIp({ from: own.mac, to: broadcast }, own.address, address))
    add(`ARP in the name of ${address}`, (needle) =>
      ethernet(
        { from: own.mac, to: broadcast },
        types.arp,
        concat(arp({ operation: 2, sender: { mac: own.mac, address }, target: address }), needle),
      ),
    )
  }
  for (const [i, { mac, address }] of hosts.entries()) {
    const other = hosts[(i + 1) % hosts.length] ?? own
    add(`as host ${other.address} to ${address}`, inIp({ from: other.mac, to: mac }, other.address, address))
  }
  for (const to of groups) add(`to the group ${to}`, inIp({ from: own.mac, to }, own.address, '224.0.0.1'))
  add('from and to 127.0.0.1', inIp({ from: own.mac, to: broadcast }, '127.0.0.1', '127.0.0.1'))

  const all = 'ff02::1'
  const advertises = (type: number) => (needle: Buffer) => {
    const message = icmp(type, concat(parseIp('fe80::1'), needle))
    return ethernet(
      { from: own.mac, to: '33:33:00:00:00:01' },
      types.ip6,
      ip6({ from: 'fe80::1', to: all, next: protocol.icmp6, hops: 255 }, message),
    )
  }
  add('a neighbour advertised', advertises(136))
  add('a router advertised', advertises(134))

  for (const to of [peer.mac, broadcast, ...others.map(({ mac }) => mac)]) {
    const plain = inIp({ from: own.mac, to }, own.address, peer.address)
    for (const type of [0x8100, 0x88a8]) {
      for (const id of tags) add(`tag ${type.toString(16)}/${id} to ${to}`, (needle) => tagged(plain(needle), id, type))
    }
    for (const outer of tags) {
      for (const inner of tags) {
        add(`tags ${outer} and ${inner} to ${to}`, (needle) => tagged(tagged(plain(needle), inner), outer, 0x88a8))
        add(`two customer tags ${outer} and ${inner} to ${to}`, (needle) => tagged(tagged(plain(needle), inner), outer))
      }
    }
  }

  const [to = peer] = victims.toReversed()
  for (const segment of segments) {
    const { technology, identifier, from } = segment
    for (const outer of [peer.mac, broadcast, ...hosts.map(({ mac }) => mac)]) {
      add(`${technology} ${identifier} from ${from}, to ${outer}`, (needle) =>
        encapsulate(segment, inIp({ from: own.mac, to: to.mac }, own.address, to.address)(needle), {
          from: own.mac,
          to: outer,
        }),
      )
    }
  }
  return list
}

/** Segments of all technologies between two places. */
export const allSegments = (of: (technology: Outer['technology']) => Outer): readonly Outer[] =>
  technologyNames.flatMap((technology) => {
    const outer = of(technology)
    return [outer, { ...outer, from: outer.to, to: outer.from }]
  })
