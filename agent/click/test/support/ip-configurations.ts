import type { TestConfiguration } from './configurations.ts'

const sortIp = 'FromDevice(in) -> c :: Classifier(12/0800, -); c[1] -> Discard; c[0]'

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
]
