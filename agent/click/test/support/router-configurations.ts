/** Whole routers: as they are drawn in Click's papers, without fragmentation. */
import type { TestConfiguration } from './configurations.ts'

interface Port {
  readonly device: string
  readonly address: string
  readonly ether: string
}

const ports: readonly Port[] = [
  { device: 'in', address: '10.0.0.1', ether: '00:00:c0:ae:67:ef' },
  { device: 'b', address: '10.0.1.1', ether: '00:00:c0:4f:71:ef' },
  { device: 'c', address: '10.0.2.1', ether: '02:00:00:00:00:03' },
  { device: 'd', address: '192.168.3.1', ether: '02:00:00:00:00:04' },
]

const networkOf = (address: string): string => address.replace(/\.\d+$/, '')

const portText = ({ device, address, ether }: Port, i: number): string => `
  FromDevice(${device}) -> cl${i} :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  out${i} :: Queue(200) -> ToDevice(${device});
  cl${i}[0] -> ARPResponder(${address} ${ether}) -> out${i};
  arp${i} :: ARPQuerier(${address}/24, ${ether}) -> out${i};
  cl${i}[1] -> replies; replies[${i}] -> [1] arp${i};
  cl${i}[2] -> Paint(${i + 1}) -> ip;
  cl${i}[3] -> Discard;

  routes[${i + 1}] -> DropBroadcasts -> same${i} :: PaintTee(${i + 1}) -> options${i} :: IPGWOptions(${address})
    -> FixIPSrc(${address}) -> ttl${i} :: DecIPTTL -> [0] arp${i};
  ttl${i}[1] -> ICMPError(${address}, timeexceeded) -> routes;
  options${i}[1] -> ICMPError(${address}, parameterproblem) -> routes;
  same${i}[1] -> ICMPError(${address}, redirect, host) -> routes;`

/** Each error goes back through the routing table; what is for the router goes to the host, or, for a ping, back. */
const routerOf = (used: readonly Port[], answersPings: boolean): string => `
  replies :: Tee(${used.length + 1});
  replies[${used.length}] -> host :: ToHost;
  ip :: Strip(14) -> CheckIPHeader(INTERFACES ${used.map(({ address }) => `${address}/24`).join(' ')})
    -> routes :: StaticIPLookup(
      ${used.flatMap(({ address }) => [`${address}/32 0`, `${networkOf(address)}.255/32 0`, `${networkOf(address)}.0/32 0`]).join(', ')},
      ${used.map(({ address }, i) => `${networkOf(address)}.0/24 ${i + 1}`).join(', ')},
      255.255.255.255/32 0.0.0.0 0, 0.0.0.0/32 0, 0.0.0.0/0 10.0.1.7 2);
  ${
    answersPings
      ? `routes[0] -> pings :: IPClassifier(icmp type echo, -); pings[0] -> ICMPPingResponder -> routes;
         pings[1] -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> host;`
      : 'routes[0] -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> host;'
  }
  ${used.map(portText).join('\n')}`

export const routerConfigurations: readonly TestConfiguration[] = [2, 3, 4].flatMap((count) =>
  [false, true].map((answersPings) => {
    const used = ports.slice(0, count)
    return {
      name: `a router of ${count} interfaces${answersPings ? ' that answers pings' : ''}`,
      text: routerOf(used, answersPings),
      devices: used.map(({ device }) => device),
      handlers: used.flatMap((_, i) => [`ttl${i}.drops`, `options${i}.drops`, `arp${i}.responses`, `arp${i}.length`]),
    }
  }),
)
