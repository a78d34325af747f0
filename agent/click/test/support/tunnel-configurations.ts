/** Tunnels: what goes into one, what comes out of one, and one end behind the other. */
import type { TestConfiguration } from './configurations.ts'

const ether = 'EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2)'

const encaps: Readonly<Record<string, string>> = {
  VXLANEncap: 'VXLANEncap(5, 192.0.2.1, 192.0.2.2)',
  'VXLANEncap with all arguments':
    'VXLANEncap(VNI 0x123456, SRC 192.0.2.1, DST 192.0.2.2, SPORT 1000-1010, DPORT 4790, TTL 7)',
  'VXLANEncap with one source port': 'VXLANEncap(0, 192.0.2.1, 192.0.2.2, SPORT 4789)',
  GREEncap: 'GREEncap(192.0.2.1, 192.0.2.2)',
  'GREEncap with all arguments': 'GREEncap(SRC 192.0.2.1, DST 192.0.2.2, KEY 0xfedcba98, PROTOCOL 0x6558, TTL 9)',
  EtherIPEncap: 'EtherIPEncap(192.0.2.1, 192.0.2.2)',
  'EtherIPEncap with all arguments': 'EtherIPEncap(SRC 192.0.2.1, DST 192.0.2.2, TTL 3)',
}

const decaps: Readonly<Record<string, string>> = {
  VXLANDecap: 'VXLANDecap',
  'VXLANDecap with all arguments': 'VXLANDecap(VNI 5, DPORT 4789)',
  GREDecap: 'GREDecap',
  'GREDecap with all arguments': 'GREDecap(KEY 77, PROTOCOL 0x6558)',
  EtherIPDecap: 'EtherIPDecap',
}

export const tunnelConfigurations: readonly TestConfiguration[] = [
  ...Object.entries(encaps).map(([name, encap]) => ({
    name,
    text: `FromDevice(in) -> c :: Counter -> ${encap} -> d :: Counter -> ${ether} -> ToDevice(a)`,
    handlers: ['c.byte_count', 'd.byte_count'],
  })),
  ...Object.entries(decaps).map(([name, decap]) => ({
    name,
    text: `FromDevice(in) -> Strip(14) -> x :: ${decap} -> c :: Counter -> ToDevice(a); x[1] -> Unstrip(14) -> ToDevice(b)`,
    handlers: ['c.count', 'c.byte_count'],
    isOfTunnels: true,
    leastBytes: 14,
  })),
  {
    name: 'a tunnel with both ends in one router',
    text: `FromDevice(in) -> VXLANEncap(9, 192.0.2.1, 192.0.2.2) -> CheckIPHeader -> GREEncap(192.0.2.5, 192.0.2.6, PROTOCOL 0x0800)
      -> GREDecap(PROTOCOL 0x0800) -> VXLANDecap(9) -> ToDevice(a)`,
    leastBytes: 150,
  },
  {
    name: 'a tunnel in a tunnel',
    text: `FromDevice(in) -> VXLANEncap(9, 192.0.2.1, 192.0.2.2) -> GREEncap(192.0.2.5, 192.0.2.6, PROTOCOL 0x0800) -> ${ether} -> ToDevice(a)`,
  },
  {
    name: 'copies into tunnels',
    text: `FromDevice(in) -> t :: Tee(3); t[0] -> VXLANEncap(9, 192.0.2.1, 192.0.2.2) -> ${ether} -> ToDevice(a);
      t[1] -> GREEncap(192.0.2.1, 192.0.2.2, KEY 7) -> ${ether} -> ToDevice(b); t[2] -> EtherIPEncap(192.0.2.1, 192.0.2.2) -> ${ether} -> ToDevice(c)`,
    // What was a header of a copy stays as zeros at the end of a short packet.
    leastBytes: 200,
  },
  {
    name: 'what is in a tunnel cut',
    text: `FromDevice(in) -> VXLANEncap(9, 192.0.2.1, 192.0.2.2) -> Truncate(90) -> ${ether} -> ToDevice(a)`,
    leastBytes: 60,
  },
  {
    name: 'an error about what is in a tunnel',
    text: `FromDevice(in) -> Strip(14) -> UDPIPEncap(192.0.2.1, 7, 192.0.2.2, 8) -> ICMPError(192.0.2.9, timeexceeded) -> ${ether} -> ToDevice(a)`,
    leastBytes: 60,
  },
  {
    name: 'copies of what is in a tunnel',
    text: `FromDevice(in) -> VXLANEncap(9, 192.0.2.1, 192.0.2.2) -> ${ether} -> t :: Tee; t[0] -> VLANEncap(5) -> ${ether} -> ToDevice(a);
      t[1] -> ToDevice(b)`,
    leastBytes: 60,
  },
  {
    name: 'IP in GRE',
    text: `FromDevice(in) -> Strip(14) -> GREEncap(192.0.2.1, 192.0.2.2, PROTOCOL 0x0800) -> ${ether} -> ToDevice(a)`,
  },
  {
    name: 'IP in GRE, and out',
    text: `FromDevice(in) -> Strip(14) -> GREEncap(192.0.2.1, 192.0.2.2, KEY 77, PROTOCOL 0x0800) -> GREDecap(KEY 77, PROTOCOL 0x0800)
      -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(a)`,
    leastBytes: 64,
  },
  {
    name: 'ToNeighbour',
    text: `FromDevice(in) -> Strip(14) -> n :: ToNeighbour(a); FromDevice(b) -> VXLANEncap(5, 192.0.2.1, 192.0.2.2) -> m :: ToNeighbour(a);
      FromDevice(c) -> Strip(14) -> IPEncap(4, 192.0.2.1, 192.0.2.2) -> l :: ToNeighbour(a)`,
    devices: ['in', 'b', 'c'],
    handlers: ['n.count', 'n.drops', 'm.count', 'm.drops', 'l.count'],
  },
  {
    name: 'ToNeighbour with a next hop',
    text: 'FromDevice(in) -> Strip(14) -> n :: ToNeighbour(a, 192.0.2.9); FromDevice(b) -> Strip(14) -> m :: ToNeighbour(DEVNAME a, NEXTHOP 192.0.2.9)',
    devices: ['in', 'b'],
    handlers: ['n.count', 'n.drops', 'm.count', 'm.drops'],
  },
  {
    name: 'LinkSwitch',
    text: `FromDevice(in) -> l :: LinkSwitch(vxlan 5 192.0.2.1 192.0.2.2 3, vxlan 1193046 192.0.2.1 192.0.2.2 4, gre - 192.0.2.1 192.0.2.2 3,
      gre 77 192.0.2.1 192.0.2.2 4, etherip 192.0.2.1 192.0.2.2 3, ipip 192.0.2.1 192.0.2.2 4 2:0:0:0:0:1 2:0:0:0:0:2, mpls 100 3, vxlan 5 192.0.2.9 192.0.2.2 4,
      vlan 7 3, qinq 7 9 4, vlan 9 4)
      -> ToDevice(a); Idle -> ToDevice(b)`,
    handlers: ['l.counts', 'l.count'],
    isOfTunnels: true,
  },
  {
    name: 'LinkSwitch behind what has tags in frames',
    text: 'FromDevice(in) -> c :: Classifier(12/8100 16/8100, 12/88a8, 12/8100, -); c[0], c[1], c[2], c[3] -> l :: LinkSwitch(vlan 7 3, qinq 7 9 4) -> ToDevice(a); Idle -> ToDevice(b)',
    handlers: ['l.counts'],
    isOfTunnels: true,
  },
  {
    name: 'LinkSwitch without links',
    text: 'FromDevice(in) -> l :: LinkSwitch -> ToDevice(a)',
    handlers: ['l.counts'],
    isOfTunnels: true,
  },
  {
    name: 'TrafficClass',
    text: `FromDevice(in) -> t :: Tee; t[0] -> a :: TrafficClass(7766:1a2b) -> ToDevice(a);
      t[1] -> VXLANEncap(5, 192.0.2.1, 192.0.2.2) -> b :: TrafficClass(CLASSID ffff:0) -> ${ether} -> ToDevice(b)`,
    handlers: ['a.classid', 'b.classid'],
  },
  {
    name: 'frames with tags into tunnels',
    text: `FromDevice(in) -> c :: Counter -> VXLANEncap(5, 192.0.2.1, 192.0.2.2) -> d :: Counter -> ${ether} -> ToDevice(a);
      FromDevice(b) -> k :: Classifier(12/8100, 12/88a8, -); k[0], k[1], k[2] -> GREEncap(192.0.2.1, 192.0.2.2) -> e :: Counter -> ${ether} -> ToDevice(b)`,
    devices: ['in', 'b'],
    handlers: ['c.byte_count', 'd.byte_count', 'e.byte_count'],
    isOfTunnels: true,
  },
  {
    name: 'tags upon tags',
    text: `FromDevice(in) -> a :: Counter -> VLANEncap(VLAN_ID 5) -> b :: Counter -> VLANEncap(VLAN_ID 6, ETHERTYPE 0x88a8) -> c :: Counter -> ToDevice(a);
      FromDevice(b) -> VLANDecap -> VLANDecap -> d :: Counter -> VLANEncap(ANNO) -> VLANEncap(VLAN_ID 4) -> k :: Classifier(12/8100 16/8100, -); k[0] -> ToDevice(b); k[1] -> VLANDecap -> ToDevice(c);
      FromDevice(c) -> VLANDecap(ETHERTYPE 0x88a8) -> r :: EtherRewrite(2:0:0:0:0:1, 2:0:0:0:0:2) -> f :: Classifier(6/020000000001, -); f[0] -> MarkIPHeader(14) -> VLANEncap(VLAN_ID 3) -> VLANDecap -> ToDevice(c); f[1] -> Discard`,
    devices: ['in', 'b', 'c'],
    handlers: ['a.byte_count', 'b.byte_count', 'c.byte_count', 'd.byte_count'],
    isOfTunnels: true,
  },
  {
    name: 'MPLSEncap',
    text: `FromDevice(in) -> MPLSEncap(100) -> MPLSEncap(LABEL 0xfffff, TC 7, TTL 255, BOTTOM false) -> EtherEncap(0x8847, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(a)`,
  },
  {
    name: 'MPLSDecap',
    text: `FromDevice(in) -> Strip(14) -> t :: Tee; t[0] -> x :: MPLSDecap -> ToDevice(a); x[1] -> Unstrip(14) -> ToDevice(b);
      t[1] -> y :: MPLSDecap(LABEL 100) -> EtherEncap(0x88b5, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(c); y[1] -> Discard`,
    isOfTunnels: true,
  },
]
