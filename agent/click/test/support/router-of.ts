/** The standard IP router of as many interfaces as are wanted: ARP, options, redirects and errors, which go back to the routing table. */

const port = (i: number): string => {
  const address = `10.0.${i}.1`
  const ether = `02:00:00:00:00:${i.toString(16).padStart(2, '0')}`
  return `
    FromDevice(eth${i}) -> sort${i} :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
    out${i} :: Queue(200) -> ToDevice(eth${i});
    sort${i}[0] -> ARPResponder(${address} ${ether}) -> out${i};
    arp${i} :: ARPQuerier(${address}/24, ${ether}) -> out${i};
    sort${i}[1] -> replies; replies[${i}] -> [1] arp${i};
    sort${i}[2] -> Paint(${i + 1}) -> ip;
    sort${i}[3] -> Discard;
    routes[${i + 1}] -> DropBroadcasts -> same${i} :: PaintTee(${i + 1}) -> options${i} :: IPGWOptions(${address})
      -> FixIPSrc(${address}) -> ttl${i} :: DecIPTTL -> [0] arp${i};
    ttl${i}[1] -> ICMPError(${address}, timeexceeded) -> routes;
    options${i}[1] -> ICMPError(${address}, parameterproblem) -> routes;
    same${i}[1] -> ICMPError(${address}, redirect, host) -> routes;`
}

export const routerOf = (count: number): string => {
  const ports = Array.from({ length: count }, (_, i) => i)
  const own = ports.flatMap((i) => [`10.0.${i}.1/32 0`, `10.0.${i}.255/32 0`, `10.0.${i}.0/32 0`])
  const connected = ports.map((i) => `10.0.${i}.0/24 ${i + 1}`)
  return `
    replies :: Tee(${count + 1}); replies[${count}] -> host :: ToHost;
    ip :: Strip(14) -> CheckIPHeader(INTERFACES ${ports.map((i) => `10.0.${i}.1/24`).join(' ')})
      -> routes :: StaticIPLookup(${[...own, ...connected].join(', ')}, 255.255.255.255/32 0, 0.0.0.0/32 0, 0.0.0.0/0 10.0.1.7 2);
    routes[0] -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> host;
    ${ports.map(port).join('\n')}`
}
