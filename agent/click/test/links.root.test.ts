/** What links over tunnels meet: the kernel's own tunnels, links of others, forgeries, traffic that is of no link, and hosts in between. */
import t, { type Test } from 'tap'
import { type Namespace, namespace, ping, reaches, until, wire } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import type { Router } from '../router.ts'
import { checksums, segmentation, turnOff } from './support/offloads.ts'
import { dataHash, transfer } from './support/transfer.ts'
import { attach, guestOf, indexOf, type TunnelHost, twoHosts } from './support/two-hosts.ts'

t.setTimeout(900_000)
const skip = missing('bpf')?.message ?? false

const bytes = 16 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

const expectTransfer = async (t: Test, from: Namespace, to: Namespace, address: string): Promise<void> => {
  const result = await transfer(from.name, to.name, address, bytes, patienceMs)
  t.equal(result?.sha256, wanted, 'all bytes came as they were sent')
  if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
}

/** The guest's interface into a VXLAN tunnel. */
const sendVxlan = (t: Test, host: Namespace, vif: string, vni: number, source: string, destination: string) =>
  attach(t, host, `FromDevice(${vif}) -> VXLANEncap(${vni}, ${source}, ${destination}) -> ToNeighbour(eth1)`)

const receive = (t: Test, host: Namespace): Promise<Router> =>
  attach(t, host, 'FromDevice(eth1) -> links :: LinkSwitch -> ToHost(eth1)')

const add = async (router: Router, host: Namespace, vif: string, link: string): Promise<void> =>
  router.write('links.add', `${link} ${await indexOf(host, vif)}`)

/** Packets that went to a guest. */
const received = async (guest: Namespace): Promise<number> =>
  Number((await guest.exec('cat', '/sys/class/net/eth0/statistics/rx_packets')).trim())

/** A link of guests at vif1.0 of both hosts. */
const joined = async (t: Test, one: TunnelHost, two: TunnelHost) => {
  const guests = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)] as const
  const routers = [await receive(t, one), await receive(t, two)] as const
  for (const [i, [from, to]] of [[one, two] as const, [two, one] as const].entries()) {
    await sendVxlan(t, from, 'vif1.0', 5, from.address, to.address)
    await add(routers[i] as Router, from, 'vif1.0', `vxlan 5 ${to.address} ${from.address}`)
  }
  return { guests, routers }
}

/** The kernel's own: a tunnel device and a bridge of its. */
const kernelLink = async (host: TunnelHost, remote: string, vni: number, ports: readonly string[]): Promise<void> => {
  await host.ip('link', 'add', 'br0', 'type', 'bridge')
  await host.ip(
    ...['link', 'add', 'vx0', 'type', 'vxlan', 'id', `${vni}`, 'local', host.address, 'remote', remote],
    ...['dstport', '4789', 'nolearning'],
  )
  for (const port of ['vx0', ...ports]) await host.ip('link', 'set', port, 'master', 'br0', 'up')
  await host.ip('link', 'set', 'br0', 'up')
}

for (const features of [[], segmentation, [...segmentation, ...checksums]]) {
  t.test(
    `the kernel's VXLAN and bridge are at the other end; offloads off: ${features.length}`,
    { skip },
    async (t) => {
      const [one, two] = await twoHosts(t)
      for (const host of [one, two]) if (features.length > 0) await turnOff(host.path, 'eth1', features)
      const [a, b] = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)]
      await kernelLink(two, one.address, 5, ['vif1.0'])
      await sendVxlan(t, one, 'vif1.0', 5, one.address, two.address)
      await add(await receive(t, one), one, 'vif1.0', `vxlan 5 ${two.address} ${one.address}`)
      t.ok(await reaches(a, '10.0.0.2'))
      t.ok(await ping(b, '10.0.0.1', 1472))
      await expectTransfer(t, a, b, '10.0.0.2')
      await expectTransfer(t, b, a, '10.0.0.1')
    },
  )
}

t.test("the kernel's GRE with a key is at the other end", { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const [a, b] = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)]
  try {
    await two.ip(
      ...['link', 'add', 'gt0', 'type', 'gretap', 'local', two.address, 'remote', one.address, 'key', '4000000001'],
    )
  } catch (error) {
    if (!/[Uu]nknown device type|not supported/.test(String(error))) throw error
    t.comment('this kernel has no gretap')
    return
  }
  await two.ip('link', 'add', 'br0', 'type', 'bridge')
  for (const port of ['gt0', 'vif1.0']) await two.ip('link', 'set', port, 'master', 'br0', 'up')
  await two.ip('link', 'set', 'br0', 'up')
  for (const port of ['gt0', 'br0']) await two.ip('link', 'set', port, 'mtu', '1500')
  await attach(
    t,
    one,
    `FromDevice(vif1.0) -> GREEncap(${one.address}, ${two.address}, KEY 4000000001) -> ToNeighbour(eth1)`,
  )
  await add(await receive(t, one), one, 'vif1.0', `gre 4000000001 ${two.address} ${one.address}`)
  t.ok(await reaches(a, '10.0.0.2'))
  t.ok(await ping(b, '10.0.0.1', 1472))
  await expectTransfer(t, a, b, '10.0.0.2')
  await expectTransfer(t, b, a, '10.0.0.1')
})

t.test('what is of no link goes to the host as it came', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  await joined(t, one, two)
  await kernelLink(one, two.address, 6, [])
  await kernelLink(two, one.address, 6, [])
  await one.ip('address', 'add', '10.9.0.1/24', 'dev', 'br0')
  await two.ip('address', 'add', '10.9.0.2/24', 'dev', 'br0')
  t.ok(await reaches(one, '10.9.0.2'), "the kernel's VXLAN of another number")
  await expectTransfer(t, one, two, '10.9.0.2')
  t.ok(await reaches(one, two.address))
  await expectTransfer(t, one, two, two.address)
})

t.test('a VNet with the same addresses sees nothing, and nothing is taken from a forged peer', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const { guests, routers } = await joined(t, one, two)
  const [a] = guests
  // Of another VNet: the guest at the other host has the same addresses.
  const twin = await guestOf(t, two, 'vif2.0', 2)
  await add(routers[1], two, 'vif2.0', `vxlan 6 ${one.address} ${two.address}`)
  t.ok(await reaches(a, '10.0.0.2'))
  t.equal(await received(twin), 0)

  // One that puts its frames into the other VNet's tunnel, but from an address that is not that VNet's peer.
  const forger = await guestOf(t, one, 'vif3.0', 1)
  await sendVxlan(t, one, 'vif3.0', 6, '192.0.2.77', two.address)
  t.notOk(await ping(forger, '10.0.0.2'))
  t.equal(await received(twin), 0)
  t.equal(routers[1].read(`links.counts vxlan 6 ${one.address} ${two.address}`), '0 0')
})

t.test('a guest that routes takes large packets out of one tunnel and into another', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const { guests, routers } = await joined(t, one, two)
  const [a, router] = guests
  // The router's second interface: a link back to the first host, where the far guest is.
  const far = await guestOf(t, one, 'vif4.0', 4)
  await two.ip('link', 'add', 'vif5.0', 'type', 'veth', 'peer', 'name', 'eth1', 'mtu', '1500', 'netns', router.name)
  await two.ip('link', 'set', 'vif5.0', 'up')
  await far.ip('address', 'flush', 'dev', 'eth0')
  await far.ip('address', 'add', '10.0.4.4/24', 'dev', 'eth0')
  await router.ip('address', 'add', '10.0.4.1/24', 'dev', 'eth1')
  await router.ip('link', 'set', 'eth1', 'up')
  await router.exec('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
  await a.ip('route', 'add', '10.0.4.0/24', 'via', '10.0.0.2')
  await far.ip('route', 'add', '10.0.0.0/24', 'via', '10.0.4.1')
  await sendVxlan(t, one, 'vif4.0', 8, one.address, two.address)
  await sendVxlan(t, two, 'vif5.0', 8, two.address, one.address)
  await add(routers[0], one, 'vif4.0', `vxlan 8 ${two.address} ${one.address}`)
  await add(routers[1], two, 'vif5.0', `vxlan 8 ${one.address} ${two.address}`)
  t.ok(await reaches(a, '10.0.4.4'))
  await expectTransfer(t, a, far, '10.0.4.4')
  const [packets = 0, byteCount = 0] = routers[0]
    .read(`links.counts vxlan 8 ${two.address} ${one.address}`)
    .split(' ')
    .map(Number)
  t.ok(byteCount / packets > 3000, `packets of ${Math.round(byteCount / packets)} bytes went through`)
})

t.test('ToNeighbour goes by the routes of the host', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const beyond = await namespace(t, 'beyond')
  await wire(
    { at: two, nic: 'eth2', address: '198.51.100.1/24' },
    { at: beyond, nic: 'eth1', address: '198.51.100.2/24' },
    1600,
  )
  await two.exec('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
  await one.ip('route', 'add', '198.51.100.0/24', 'via', two.address)
  await beyond.ip('route', 'add', 'default', 'via', '198.51.100.1')
  const third = { ...beyond, address: '198.51.100.2' }
  const [a, b] = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, third, 'vif1.0', 2)]
  for (const [from, to] of [[one, third] as const, [third, one] as const]) {
    await sendVxlan(t, from, 'vif1.0', 5, from.address, to.address)
    await add(await receive(t, from), from, 'vif1.0', `vxlan 5 ${to.address} ${from.address}`)
  }
  t.ok(await reaches(a, '10.0.0.2'))
  await expectTransfer(t, a, b, '10.0.0.2')
})

t.test('ToNeighbour sends IPv6 packets too', { skip }, async (t) => {
  const [one, two] = await twoHosts(t)
  const a = await guestOf(t, one, 'vif1.0', 1)
  for (const [host, address] of [
    [one, '2001:db8::1/64'],
    [two, '2001:db8::2/64'],
  ] as const) {
    await host.ip('address', 'add', address, 'dev', 'eth1', 'nodad')
  }
  await a.ip('address', 'add', '2001:db8:1::1/64', 'dev', 'eth0', 'nodad')
  await a.ip('route', 'add', '2001:db8::/64', 'dev', 'eth0')
  await a.ip('neighbour', 'add', '2001:db8::2', 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent')
  const router = await attach(
    t,
    one,
    'FromDevice(vif1.0) -> c :: Classifier(12/86dd, -); c[0] -> Strip(14) -> n :: ToNeighbour(eth1); c[1] -> Discard',
  )
  const echoes = async (): Promise<number> =>
    Number(/^Icmp6InEchos\s+(\d+)/m.exec(await two.exec('cat', '/proc/net/snmp6'))?.[1])
  // The other host has no way back.
  await ping(a, '2001:db8::2')
  await until(async () => (await echoes()) > 0)
  t.ok(Number(router.read('n.count')) > 0)
})
