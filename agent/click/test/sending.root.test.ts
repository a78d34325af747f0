/** Where what leaves a router goes: to the neighbour that is named, and into the class that is named. */
import t from 'tap'
import { type Namespace, ping, reaches } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import { attach, guestOf, indexOf, twoHosts } from './support/two-hosts.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false

t.test('ToNeighbour sends to the next hop that it is told, without a route', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  // Addresses of the tunnel's own, which no routes lead to.
  const [near, far] = ['198.51.100.1', '198.51.100.2']
  const guests = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)] as const
  for (const [host, next, local, remote] of [
    [one, two, near, far],
    [two, one, far, near],
  ] as const) {
    await attach(
      t,
      host,
      `FromDevice(vif1.0) -> VXLANEncap(5, ${local}, ${remote}) -> ToNeighbour(eth1, ${next.address})`,
    )
    const entry = `vxlan 5 ${remote} ${local} ${await indexOf(host, 'vif1.0')}`
    await attach(t, host, `FromDevice(eth1) -> LinkSwitch(${entry}) -> ToHost(eth1)`)
  }
  t.ok(await reaches(guests[0], '10.0.0.2'))
})

/** What the classes at eth1 have sent, by their names. */
const packetsOf = async (host: Namespace): Promise<Readonly<Record<string, number>>> => {
  const text = await host.exec('tc', '-s', 'class', 'show', 'dev', 'eth1')
  const classes = text.matchAll(/^class htb (\S+)[\s\S]*?Sent \d+ bytes (\d+) pkt/gm)
  return Object.fromEntries([...classes].map(([, name, packets]) => [name, Number(packets)]))
}

t.test('packets go into their class, by ToNeighbour and ToDevice, whole and in copies', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const a = await guestOf(t, one, 'vif1.0', 1)
  await one.exec('tc', 'qdisc', 'add', 'dev', 'eth1', 'root', 'handle', '7766:', 'htb', 'default', 'fff')
  for (const minor of ['fff', '1a', '1b', '1c', '1d']) {
    const limit = ['htb', 'rate', '100mbit', 'quantum', '1514']
    await one.exec('tc', 'class', 'add', 'dev', 'eth1', 'parent', '7766:', 'classid', `7766:${minor}`, ...limit)
  }
  await attach(
    t,
    one,
    `FromDevice(vif1.0) -> c :: Classifier(12/0800 23/01, -); c[1] -> Discard; c[0] -> Strip(14) -> CheckIPHeader -> t :: Tee(4);
     t[0] -> TrafficClass(7766:1a) -> EtherEncap(0x88b5, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(eth1);
     t[1] -> EtherEncap(0x88b5, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(eth1);
     t[2] -> TrafficClass(7766:1b) -> u :: Tee; u[0] -> EtherEncap(0x88b5, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(eth1); u[1] -> Discard;
     t[3] -> TrafficClass(7766:1c) -> IPEncap(4, ${one.address}, ${two.address}) -> ToNeighbour(eth1)`,
  )
  await a.ip('neighbour', 'add', '10.0.0.2', 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent')
  await ping(two, one.address)
  const before = await packetsOf(one)
  await ping(a, '10.0.0.2')
  const after = await packetsOf(one)
  const came = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]))
  const sent = came['7766:1c'] ?? 0
  t.ok(sent > 0, 'what went through a tunnel, by the neighbour')
  t.equal(came['7766:1a'], sent, 'a copy of a class, and not those behind it')
  t.equal(came['7766:1b'], sent, 'a copy of a copy is of the class of that')
  t.ok((came['7766:fff'] ?? 0) >= sent, 'a copy of no class, as what the host itself says')
  t.equal(came['7766:1d'], 0, 'and nothing is in another')
})
