import type { TestConfiguration } from './configurations.ts'
import { pick } from './packets.ts'
import { randomFrom } from './random.ts'

const sortIp = 'FromDevice(in) -> c :: Classifier(12/0800, -); c[1] -> Discard; c[0]'

/** IPv4 with at least 20 bytes, whatever else it is. */
const whole = 'FromDevice(in) -> c :: Classifier(12/0800 14/45 33/00%00, -); c[1] -> Discard; c[0]'

const toFive = `; r[0] -> ToDevice(a); r[1] -> ToDevice(b); r[2] -> ToDevice(c);
  r[3] -> GetIPAddress(26, ANNO 8) -> StoreIPAddress(6) -> ToDevice(d); r[4] -> StoreIPAddress(6) -> ToDevice(e)`

/** Around the addresses that the packets have; some come twice. */
const manyRoutes = (seed: number, count: number): string => {
  const random = randomFrom(seed)
  return Array.from({ length: count }, () => {
    const length = random(33)
    const address = [
      pick(random, [10, 10, 18, 192, 224, random(256)]),
      pick(random, [0, 26, 168, 16]),
      random(4),
      random(9),
    ]
    const gateway = pick(random, ['', '', '-', `10.0.${random(4)}.${random(256)}`])
    return `${address.join('.')}/${length} ${gateway} ${random(5)}`
  }).join(', ')
}

const manyAddresses = Array.from(
  { length: 200 },
  (_, i) => `10.0.${i >> 4}.${(i * 3) & 255} 192.168.${i}.0/${20 + (i % 13)} 2:0:0:0:0:${i.toString(16)}`,
).join(', ')

export const ipConfigurations: readonly TestConfiguration[] = [
  {
    name: 'a way through a router',
    text: `FromDevice(in) -> c :: Classifier(12/0800, -); c[1] -> Discard;
      c[0] -> Strip(14) -> k :: CheckIPHeader(BADSRC 18.26.4.9 255.255.255.255, GOODDST 10.0.0.1) -> StaticIPLookup(10.0.0.0/24 0, 10.0.0.2/32 10.9.9.9 0, 224.0.0.0/4 0, 0.0.0.0/0 192.168.0.1 0) -> d :: DecIPTTL(MULTICAST false)
      -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> Queue -> ToDevice(a);
      k[1] -> Unstrip(14) -> ToDevice(bad); d[1] -> Unstrip(14) -> ToDevice(expired)`,
    handlers: ['k.drops', 'd.drops'],
  },
  ...['StaticIPLookup', 'RadixIPLookup', 'LinearIPLookup', 'DirectIPLookup', 'RangeIPLookup', 'LookupIPRoute'].map(
    (name) => ({
      name: `routes of ${name}`,
      text: `${sortIp} -> CheckIPHeader2(14) -> r :: ${name}(10.0.0.0/24 1, 10.0.0.2/32 10.9.9.9 2, 10.0.0.0/8 0, 224.0.0.0/4 0, 192.168.0.0/255.255.0.0 - 1);
      r[0] -> ToDevice(a); r[1] -> ToDevice(b); r[2] -> e :: GetIPAddress(OFFSET 30, ANNO 4) -> IPEncap(4, 1.1.1.1, DST_ANNO) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(d)`,
    }),
  ),
  {
    name: 'CheckIPHeader at an offset',
    text: `FromDevice(in) -> k :: CheckIPHeader(OFFSET 14, CHECKSUM false) -> ToDevice(a); k[1] -> ToDevice(b)`,
    handlers: ['k.drops'],
  },
  {
    name: 'type of service and checksum',
    text: `${sortIp} -> CheckIPHeader2(14) -> SetIPDSCP(13) -> t :: Tee; t[0] -> SetIPECN(ce) -> ToDevice(a); t[1] -> SetIPECN(ect1) -> s :: SetIPChecksum -> StripToNetworkHeader -> Unstrip(14) -> ToDevice(b)`,
    handlers: ['s.drops'],
  },
  {
    name: 'SetIPChecksum without a network header',
    text: `FromDevice(in) -> Strip(14) -> s :: SetIPChecksum -> Unstrip(14) -> ToDevice(a)`,
    handlers: ['s.drops'],
  },
  {
    name: 'Ethernet addresses',
    text: `FromDevice(in) -> f :: HostEtherFilter(00:00:c0:ae:67:ef, true) -> d :: DropBroadcasts -> EtherMirror -> ToDevice(a);
      f[1] -> Strip(14) -> EtherRewrite(1:2:3:4:5:6, 7:8:9:a:b:c) -> Unstrip(14) -> ToDevice(b); d[1] -> ToDevice(c)`,
    handlers: ['d.drops'],
  },
  {
    name: 'packet types of the interface',
    text: `FromDevice(in) -> d :: DropBroadcasts -> HostEtherFilter(00:00:c0:4f:71:ef, false, false) -> ToDevice(a); d[1] -> ToDevice(b)`,
  },
  {
    name: 'an Ethernet header more',
    text: 'FromDevice(in) -> EtherEncap(0x6558, 1:2:3:4:5:6, 7:8:9:a:b:c) -> ToDevice(a)',
  },
  {
    name: 'VLANEncap',
    text: 'FromDevice(in) -> VLANEncap(VLAN_ID 7, VLAN_PCP 3) -> VLANEncap(0x2005, ETHERTYPE 0x88a8) -> ToDevice(a)',
  },
  {
    name: 'VLANDecap and annotations',
    text: `FromDevice(in) -> VLANDecap -> t :: Tee; t[0] -> VLANEncap(ANNO, NATIVE_VLAN 0) -> ToDevice(a);
      t[1] -> SetVLANAnno(VLAN_ID 5, VLAN_PCP 1) -> VLANEncap(ANNO, NATIVE_VLAN -1) -> ToDevice(b)`,
  },
  {
    name: 'a tunnel',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader -> IPEncap(4, 1.2.3.4, 5.6.7.8, TTL 9, DSCP 5, DF true) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a)`,
  },
  {
    name: 'a tunnel to the annotation',
    text: `${sortIp} -> Strip(14) -> SetIPAddress(9.8.7.6) -> GetIPAddress(16) -> IPEncap(41, 1.2.3.4, DST_ANNO, TOS 3) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a)`,
  },
  {
    name: 'the far end of a tunnel',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader -> StripIPHeader -> EtherEncap(0x88b5, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a)`,
  },
  {
    name: 'ARPResponder',
    text: `FromDevice(in) -> a :: ARPResponder(10.0.0.1 10.0.1.0/24 1:2:3:4:5:6, 10.0.0.0/8 7:8:9:a:b:c) -> ToDevice(a); a[1] -> ToDevice(b)`,
  },
  {
    name: 'IPClassifier',
    text: `${sortIp} -> CheckIPHeader2(14) -> i :: IPClassifier(icmp type echo, udp && dst port < 20000, ip frag, src net 10.0.0.0/8 and tcp, ip ttl 255, -);
      i[0] -> ToDevice(a); i[1] -> ToDevice(b); i[2] -> ToDevice(d); i[3] -> ToDevice(e); i[4] -> ToDevice(f); i[5] -> ToDevice(g)`,
  },
  {
    name: 'IPFilter',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader2 -> IPFilter(deny src 10.0.0.2 or udp port 7, allow tcp or udp, drop all) -> Unstrip(14) -> ToDevice(a)`,
  },
  {
    name: 'headers by their interfaces',
    text: `${sortIp} -> Strip(14) -> k :: CheckIPHeader(INTERFACES 10.0.0.1/24 10.0.1.1/16 18.26.4.9, VERBOSE false) -> Unstrip(14) -> ToDevice(a); k[1] -> Unstrip(14) -> ToDevice(bad)`,
    handlers: ['k.drops'],
  },
  {
    name: 'headers by their interfaces and by more, with the checksum',
    text: `${sortIp} -> k :: CheckIPHeader2(14, INTERFACES 10.0.0.1/24, BADSRC 192.168.3.4 10.0.0.2, GOODDST 10.0.2.9, CHECKSUM true, VERBOSE true) -> ToDevice(a); k[1] -> ToDevice(bad)`,
    handlers: ['k.drops'],
  },
  {
    name: 'headers counted by what is wrong',
    text: `FromDevice(in) -> k :: CheckIPHeader(14, INTERFACES 10.0.0.1/24, DETAILS true) -> ToDevice(a); FromDevice(other) -> k2 :: CheckIPHeader2(OFFSET 14, DETAILS true, BADSRC 10.0.0.2, GOODDST 10.0.0.1) -> ToDevice(b)`,
    devices: ['in', 'other'],
    handlers: ['k.drops', 'k.drop_details', 'k2.drops', 'k2.drop_details'],
  },
  {
    name: 'a header that is only marked',
    text: `${whole} -> MarkIPHeader(14) -> GetIPAddress(IP src) -> t :: Tee; t[0] -> ToDevice(a);
      t[1] -> Strip(14) -> MarkIPHeader(OFFSET 0) -> DecIPTTL -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(b);
      t[2] -> IPEncap(ipip, 3.3.3.3, DST_ANNO) -> EtherEncap(ETHERTYPE 0x0800, SRC 1:1:1:1:1:1, DST 2:2:2:2:2:2) -> ToDevice(c)`,
  },
  {
    name: 'a TTL that is kept',
    text: `${sortIp} -> CheckIPHeader2(14) -> DecIPTTL(ACTIVE false) -> d :: DecIPTTL(ACTIVE true, MULTICAST true) -> ToDevice(a); d[1] -> ToDevice(b)`,
    handlers: ['d.drops', 'd.active'],
  },
  {
    name: 'an Ethernet header further in',
    text: `FromDevice(in) -> EtherEncap(0x6558, 1:2:3:4:5:6, 7:8:9:a:b:c) -> f :: HostEtherFilter(00:00:c0:ae:67:ef, OFFSET 14) -> DropBroadcasts -> ToDevice(a); f[1] -> ToDevice(b);
      FromDevice(other) -> g :: HostEtherFilter(ETHER 00:00:c0:4f:71:ef, DROP_OWN true, DROP_OTHER false, OFFSET 4) -> ToDevice(c); g[1] -> ToDevice(d)`,
    devices: ['in', 'other'],
  },
  ...[
    'TOS 201',
    'DSCP 62, ECT 2',
    'DSCP 7, ECT true',
    'ECT 1, TTL 1',
    'CE true, DF true',
    'DSCP 0, ECT false, CE false, TTL 0',
  ].map((keywords) => ({
    name: `a tunnel with ${keywords}`,
    text: `FromDevice(in) -> Strip(14) -> IPEncap(PROTO 47, SRC 1.2.3.4, DST 5.6.7.8, ${keywords}) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a)`,
  })),
  {
    name: 'a tunnel over UDP',
    // Both copies before the last put 70 bytes in front of it.
    leastBytes: 84,
    text: `FromDevice(in) -> t :: Tee; t[0] -> UDPIPEncap(1.2.3.4, 5000, 5.6.7.8, ssh) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a);
      t[1] -> Strip(14) -> SetIPAddress(9.8.7.6) -> UDPIPEncap(SRC 1.2.3.4, SPORT 5000, DST DST_ANNO, DPORT 53, CHECKSUM false) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(b);
      t[2] -> Strip(15) -> UDPIPEncap(1.2.3.4, 5000, 5.6.7.8, 5001, true) -> k :: CheckIPHeader -> StripIPHeader -> Unstrip(20) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(c)`,
    handlers: ['k.drops'],
  },
  {
    name: 'addresses from and to annotations',
    text: `${sortIp} -> CheckIPHeader2(14) -> GetIPAddress(IP src, ANNO 8) -> SetIPAddress(IPADDR 9.9.9.9, ANNO 12) -> GetIPAddress(OFFSET 26, ANNO DST_IP)
      -> SetIPAddress(7.7.7.7, ANNO 4) -> k :: CheckPaint(7, 4) -> s :: StoreIPAddress(30) -> ToDevice(a); s[1] -> ToDevice(b); k[1] -> ToDevice(c)`,
  },
  {
    name: 'addresses in annotations of any place',
    text: `${sortIp} -> CheckIPHeader2(14) -> GetIPAddress(26, ANNO 13) -> SetIPAddress(1.2.3.4, ANNO 38) -> p :: PaintSwitch(13) -> k :: CheckPaint(4, ANNO 41) -> ToDevice(a);
      ${Array.from({ length: 17 }, (_, i) => `p[${i + 1}] -> Paint(${i}, 41) -> k;`).join(' ')} p[18] -> m :: CheckPaint(2, ANNO 39) -> ToDevice(b); m[1] -> ToDevice(c); k[1] -> ToDevice(d)`,
  },
  ...['src', 'dst', '1.0.0.3, 20', '1.0.0.4, src', '0.0.0.0, dst', '26', '1.0.0.3, 70'].map((place) => ({
    name: `an address stored at ${place}`,
    text: `${sortIp} -> CheckIPHeader2(14) -> GetIPAddress(30) -> s :: StoreIPAddress(${place}) -> ToDevice(a); s[1] -> ToDevice(b)`,
  })),
  {
    name: 'an annotation stored as an address',
    text: `FromDevice(in) -> t :: Tee; t[0] -> StoreIPAddress(4) -> ToDevice(a); t[1] -> SetIPAddress(9.9.9.9) -> s :: StoreIPAddress(40) -> ToDevice(b); s[1] -> ToDevice(c)`,
  },
  {
    name: 'options of gateways',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader2 -> g :: IPGWOptions(10.0.0.1, 10.0.1.1 10.0.2.1) -> Unstrip(14) -> ToDevice(a); g[1] -> p :: PaintSwitch(17); p[0] -> Discard; p[1] -> Discard;
      ${Array.from({ length: 60 }, (_, i) => `p[${i + 2}] -> Unstrip(14) -> VLANEncap(${i + 2}) -> ToDevice(b);`).join(' ')}`,
    handlers: ['g.drops'],
  },
  {
    name: 'options of gateways in packets whose checksum is wrong',
    text: `${sortIp} -> CheckIPHeader2(14, CHECKSUM false) -> IPGWOptions(MYADDR 10.0.1.1, OTHERADDRS 10.0.0.1) -> ToDevice(a)`,
  },
  {
    name: 'answers to pings',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader2 -> Paint(7) -> r :: ICMPPingResponder -> k :: CheckPaint(0) -> l :: StaticIPLookup(10.0.0.0/8 0, 0/0 1);
      l[0] -> Unstrip(14) -> ToDevice(a); l[1] -> Unstrip(14) -> ToDevice(b); r[1] -> Unstrip(14) -> ToDevice(c); k[1] -> Unstrip(14) -> ToDevice(d)`,
  },
  ...[
    'timeexceeded',
    'unreachable, host',
    '3, 13, 192.168.3.4 10.0.0.2',
    'unreachable, needfrag, PMTU 1400, MTU 100',
    'redirect, host, SET_FIX_ANNO false',
    'parameterproblem, erroratptr',
    'parameterproblem, missingopt, MTU 1500',
    'sourcequench, BADADDRS 18.26.4.9',
    'TYPE timeexceeded, CODE reassembly, MTU 68, SRC 10.0.0.1',
  ].map((given) => ({
    name: `errors of ICMP: ${given}`,
    text: `${sortIp} -> Strip(14) -> CheckIPHeader2 -> Paint(9) -> Paint(${given.startsWith('par') ? 24 : 0}, 17) -> e :: ICMPError(${given.startsWith('TYPE') ? given : `10.0.0.1, ${given}`})
      -> FixIPSrc(10.0.1.1) -> k :: CheckPaint(0) -> l :: StaticIPLookup(10.0.0.0/8 0, 0/0 1); k[1] -> Discard;
      l[0] -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a); l[1] -> EtherEncap(0x0800, 1:1:1:1:1:1, 3:3:3:3:3:3) -> ToDevice(b)`,
  })),
  {
    name: 'two that make errors of ICMP',
    text: `${sortIp} -> Strip(14) -> CheckIPHeader -> d :: DecIPTTL -> g :: IPGWOptions(10.0.0.1) -> ICMPError(10.0.0.1, unreachable, net) -> o :: EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a);
      d[1] -> ICMPError(10.0.0.1, timeexceeded, transit) -> FixIPSrc(IPADDR 10.0.2.1) -> o; g[1] -> ICMPError(10.0.0.1, parameterproblem) -> o`,
  },
  {
    name: 'routes of all lengths',
    text: `${sortIp} -> CheckIPHeader2(14) -> r :: RadixIPLookup(0.0.0.0/0 172.16.0.1 4, 10.0.0.0/8 1, 10.0.0.0/24 2, 10.0.0.2/32 1.1.1.1 3, 10.0.1.0/25 - 2, 10.0.1.0/25 5.5.5.5 0, 10.0.2.8/29 10.0.0.7 1,
        192.168.0.0/18 0.0.0.0 3, 224.0.0.0/3 0, 18.26.4.9/32 2.2.2.2 2, 18.26.4.9 3.3.3.3 1, 128.0.0.0/1 9.9.9.9 3, 255.255.255.255/32 0, 0.0.0.0/32 1)
      ${toFive}`,
  },
  {
    name: 'no route at all',
    text: `${sortIp} -> CheckIPHeader2(14) -> r :: LinearIPLookup(); r[0] -> ToDevice(a); FromDevice(other) -> DirectIPLookup(0.0.0.0/32 0) -> ToDevice(b)`,
    devices: ['in', 'other'],
  },
  ...['StaticIPLookup', 'RadixIPLookup', 'LinearIPLookup', 'DirectIPLookup', 'RangeIPLookup', 'LookupIPRoute'].map(
    (name, i) => ({
      name: `many routes of ${name}`,
      text: `${sortIp} -> CheckIPHeader2(14) -> r :: ${name}(${manyRoutes(i, 400)}) ${toFive}`,
    }),
  ),
  {
    name: 'ARPResponder with many addresses',
    text: `FromDevice(in) -> a :: ARPResponder(${manyAddresses}, 10.0.0.1 10.0.0.2 10.0.0.0/24 1:2:3:4:5:6, 10.0.0.0/24 9:9:9:9:9:9, 10.0.0.0/8 7:8:9:a:b:c, 10.0.0.2 6:6:6:6:6:6) -> ToDevice(a); a[1] -> ToDevice(b)`,
  },
  {
    name: 'VLAN tags by all of their arguments',
    leastBytes: 22,
    text: `FromDevice(in) -> VLANDecap(ANNO true, ETHERTYPE 0x88a8) -> t :: Tee; t[0] -> VLANDecap(false) -> VLANEncap(VLAN_TCI ANNO) -> ToDevice(a);
      t[1] -> SetVLANAnno(VLAN_TCI 0x2005) -> VLANEncap(ANNO, ETHERTYPE 0x88a8) -> SetVLANAnno(0, 7) -> VLANEncap(ANNO, NATIVE_VLAN -1) -> ToDevice(b);
      t[2] -> VLANEncap(VLAN_TCI 0x0007, NATIVE_VLAN 7) -> VLANEncap(0, 2) -> VLANEncap(VLAN_ID 9, VLAN_PCP 1, NATIVE_VLAN 3) -> ToDevice(c)`,
  },
  {
    name: 'Ethernet addresses by their names',
    text: 'FromDevice(in) -> EtherRewrite(SRC 1:2:3:4:5:6, DST 7:8:9:a:b:c) -> EtherMirror -> ToDevice(a)',
  },
  ...['0', '1', '2', '3', 'no', '-', 'ect1', 'ECT(1)', 'ect2', 'ECT(0)', 'ce', 'CE'].map((ecn) => ({
    name: `ECN ${ecn}`,
    text: `${sortIp} -> CheckIPHeader2(14) -> SetIPDSCP(DSCP 46) -> SetIPECN(${ecn === '0' ? 'ECN 0' : ecn}) -> ToDevice(a)`,
  })),
  {
    name: 'a filter of many rules',
    text: `${sortIp} -> CheckIPHeader2(14) -> f :: IPFilter(deny src 240.0.0.0/4 || dst 0.0.0.0, 1 ip frag && !(ip[6:2] & 0x1fff == 0), allow tcp && dst port www && (syn || ack), 2 tcp port > 1023,
        3 icmp type echo or echo-reply, 1 udp && src port 53 or 80 or 443, deny ether host 02:11:22:33:44:55, 2 ip ttl < 2 ? ip hl > 5 : src and dst net 10.0.0.0/8, 0 ip proto 4 or 47, drop ip ect, 3 all);
      f[0] -> ToDevice(a); f[1] -> ToDevice(b); f[2] -> ToDevice(c); f[3] -> ToDevice(d)`,
  },
]
