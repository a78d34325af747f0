/** Kinds of links that most machines' kernels lack one or the other of: how ip(8) makes them, and what must be found in their data. */

export interface KindCase {
  readonly name: string
  /** IFLA_INFO_KIND. */
  readonly kind: string
  /** After `ip link add name NAME`. */
  readonly make: string
  /** Name of the link below it. */
  readonly below?: string
  /** An attribute of its data (IFLA_VLAN_ID, …) and its bytes, as hexadecimal digits; none: the kind has no data. */
  readonly data?: readonly [type: number, value: string, meaning: string]
  /** What is read of a kind that agent/netlink knows. */
  readonly settings?: Readonly<Record<string, unknown>>
}

const ends = 'local 192.0.2.1 remote 192.0.2.2'

/** In an order in which they can be made. Numbers are as x86 has them, but for what goes on a wire: most significant byte first. */
export const kinds: readonly KindCase[] = [
  { name: 'a-dummy', kind: 'dummy', make: 'type dummy' },
  { name: 'a-ifb', kind: 'ifb', make: 'type ifb' },
  {
    name: 'a-vlan',
    kind: 'vlan',
    make: 'link a-dummy type vlan id 7',
    below: 'a-dummy',
    settings: { identifier: 7, protocol: 0x8100 },
  },
  {
    name: 'a-service',
    kind: 'vlan',
    make: 'link a-dummy type vlan proto 802.1ad id 100',
    below: 'a-dummy',
    settings: { identifier: 100, protocol: 0x88a8 },
  },
  {
    name: 'a-customer',
    kind: 'vlan',
    make: 'link a-service type vlan id 200',
    below: 'a-service',
    settings: { identifier: 200, protocol: 0x8100 },
  },
  { name: 'a-ipip', kind: 'ipip', make: `type ipip ${ends}`, data: [3, 'c0000202', 'remote 192.0.2.2'] },
  { name: 'a-gre', kind: 'gre', make: `type gre ${ends} key 7`, data: [5, '00000007', 'okey 7'] },
  {
    name: 'a-gretap',
    kind: 'gretap',
    make: `type gretap ${ends} key 7`,
    settings: { inKey: 7, outKey: 7, remote: '192.0.2.2' },
  },
  { name: 'a-sit', kind: 'sit', make: `type sit ${ends}`, data: [2, 'c0000201', 'local 192.0.2.1'] },
  { name: 'a-vrf', kind: 'vrf', make: 'type vrf table 10', data: [1, '0a000000', 'table 10'] },
  { name: 'a-bond', kind: 'bond', make: 'type bond mode 802.3ad', data: [1, '04', 'mode 802.3ad'] },
  {
    name: 'a-macvlan',
    kind: 'macvlan',
    make: 'link a-dummy type macvlan mode bridge',
    below: 'a-dummy',
    data: [1, '04000000', 'mode bridge'],
  },
  {
    name: 'a-macvtap',
    kind: 'macvtap',
    make: 'link a-dummy type macvtap mode bridge',
    below: 'a-dummy',
    data: [1, '04000000', 'mode bridge'],
  },
  { name: 'a-wireguard', kind: 'wireguard', make: 'type wireguard' },
  { name: 'a-geneve', kind: 'geneve', make: 'type geneve id 7 remote 192.0.2.2', data: [1, '07000000', 'id 7'] },
  { name: 'a-team', kind: 'team', make: 'type team' },
  {
    name: 'a-ip6gre',
    kind: 'ip6gre',
    make: 'type ip6gre local 2001:db8::1 remote 2001:db8::2 key 7',
    data: [7, '20010db8000000000000000000000002', 'remote 2001:db8::2'],
  },
  {
    name: 'a-ip6tnl',
    kind: 'ip6tnl',
    make: 'type ip6tnl mode ipip6 local 2001:db8::1 remote 2001:db8::2',
    data: [9, '04', 'mode ipip6'],
  },
]
