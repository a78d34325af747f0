/** Pairs of guests, joined by what is compared. */
import type { Flow } from './flows.ts'
import { type DatapathName, type Ground, type Guest, type Host, linkOf } from './ground.ts'

export interface Joined {
  readonly from: Guest
  readonly to: Guest
  readonly address: string
  /** The sender's first. */
  readonly hosts: readonly [Host, ...Host[]]
}

export interface Case {
  readonly name: string
  readonly title: string
  readonly flows: readonly Flow[]
  /** What ours is compared with. */
  readonly peer: { readonly title: string; readonly join: (ground: Ground) => Promise<Joined> }
  readonly ours: { readonly title: string; readonly join: (ground: Ground) => Promise<Joined> }
  /** The least ratio of ours to the peer, by flow, where one is promised. */
  readonly least: Partial<Record<Flow, number>>
}

const address = '10.0.0.2'
/** Of the sender, where both guests are in one network. */
export const senderAddress = '10.0.0.1'
const tunnelMtu = 1450
/** What a veth says of itself, stated: then its queueing has classes, as with a guarantee. */
const configured = { eth1: 10e9 }

const oneHost = async (ground: Ground, datapath: DatapathName): Promise<Joined> => {
  const host = await ground.host('host')
  const from = await host.guest('vif1.0', '10.0.0.1/24', 1500)
  const to = await host.guest('vif2.0', `${address}/24`, 1500)
  await host.build(datapath, [linkOf({ id: 'l1', mtu: 1500, vifs: ['vif1.0', 'vif2.0'] })])
  return { from, to, address, hosts: [host] }
}

/** `nextHop`: the other host where no fabric lies between, as the controller says. */
const end = (
  host: Host,
  datapath: DatapathName,
  vif: string,
  local: string,
  remote: string,
  { nextHop = remote, identifier = 5000 } = {},
): Promise<void> => {
  const segment = { identifier, local, remote, nic: 'eth1', nextHop }
  return host.build(datapath, [linkOf({ id: 'l1', mtu: tunnelMtu, vifs: [vif], segments: [segment] })])
}

const twoHosts = async (
  ground: Ground,
  datapath: DatapathName,
  nicRates?: Readonly<Record<string, number>>,
): Promise<Joined> => {
  const [one, other] = [await ground.host('h1', nicRates), await ground.host('h2', nicRates)]
  await ground.wire(one, other, 'eth1', ['192.0.2.1/24', '192.0.2.2/24'])
  const from = await one.guest('vif1.0', '10.0.0.1/24', tunnelMtu)
  const to = await other.guest('vif2.0', `${address}/24`, tunnelMtu)
  await end(one, datapath, 'vif1.0', '192.0.2.1', '192.0.2.2')
  await end(other, datapath, 'vif2.0', '192.0.2.2', '192.0.2.1')
  return { from, to, address, hosts: [one, other] }
}

/** The kernel's devices alone, as somebody would make them who has no VNets to keep apart. */
const bareKernel = async (ground: Ground): Promise<Joined> => {
  const joined = await twoHosts(ground, 'bridge')
  for (const host of joined.hosts) await host.exec('tc', 'qdisc', 'del', 'dev', 'eth1', 'root')
  return joined
}

/** Three hosts in a row. The one in the middle relays the link's frames, or routes the packets of a tunnel from end to end. */
const row = async (ground: Ground, middle: 'relay' | 'route'): Promise<Joined> => {
  const [one, two, three] = [await ground.host('h1'), await ground.host('h2'), await ground.host('h3')]
  await ground.wire(one, two, 'eth1', ['192.0.2.1/24', '192.0.2.2/24'])
  await ground.wire(two, three, 'eth2', ['198.51.100.2/24', '198.51.100.3/24'])
  await three.exec('ip', 'link', 'set', 'eth2', 'down')
  await three.exec('ip', 'link', 'set', 'eth2', 'name', 'eth1', 'up')
  const from = await one.guest('vif1.0', '10.0.0.1/24', tunnelMtu)
  const to = await three.guest('vif2.0', `${address}/24`, tunnelMtu)
  if (middle === 'route') {
    await two.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    await one.exec('ip', 'route', 'add', '198.51.100.0/24', 'via', '192.0.2.2')
    await three.exec('ip', 'route', 'add', '192.0.2.0/24', 'via', '198.51.100.2')
    await end(one, 'click', 'vif1.0', '192.0.2.1', '198.51.100.3', { nextHop: '' })
    await end(three, 'click', 'vif2.0', '198.51.100.3', '192.0.2.1', { nextHop: '' })
    return { from, to, address, hosts: [one, two, three] }
  }
  await end(one, 'click', 'vif1.0', '192.0.2.1', '192.0.2.2')
  await end(three, 'click', 'vif2.0', '198.51.100.3', '198.51.100.2', { identifier: 5001 })
  const segments = [
    { identifier: 5000, local: '192.0.2.2', remote: '192.0.2.1', nic: 'eth1', nextHop: '192.0.2.1' },
    { identifier: 5001, local: '198.51.100.2', remote: '198.51.100.3', nic: 'eth2', nextHop: '198.51.100.3' },
  ]
  await two.build('click', [linkOf({ id: 'l1', mtu: tunnelMtu, vifs: [], segments })])
  return { from, to, address, hosts: [one, two, three] }
}

const through = async (ground: Ground, inDom0: boolean): Promise<Joined> => {
  const host = await ground.host('host')
  const from = await host.guest('vif1.0', '10.0.1.1/24', 1500)
  const router = await host.guest('vif2.0', '10.0.1.2/24', 1500)
  const mac = await host.attach(router, 'vif2.1', 'eth1', '10.0.0.1/24', 1500)
  const to = await host.guest('vif3.0', `${address}/24`, 1500)
  await router.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await from.exec('ip', 'route', 'add', 'default', 'via', '10.0.1.2')
  await to.exec('ip', 'route', 'add', 'default', 'via', '10.0.0.1')
  await host.build('click', [
    linkOf({ id: 'l1', mtu: 1500, vifs: ['vif1.0', 'vif2.0'] }),
    linkOf({ id: 'l2', mtu: 1500, vifs: ['vif2.1', 'vif3.0'] }),
  ])
  if (inDom0) {
    await host.forward(router, [
      { name: 'vif2.0', mac: router.mac, mtu: 1500 },
      { name: 'vif2.1', mac, mtu: 1500 },
    ])
  }
  return { from, to, address, hosts: [host] }
}

export const cases: readonly Case[] = [
  {
    name: 'host',
    title: 'two guests of one host',
    flows: ['tcp', 'udp'],
    peer: { title: 'bridge', join: (ground) => oneHost(ground, 'bridge') },
    ours: { title: 'click', join: (ground) => oneHost(ground, 'click') },
    least: { tcp: 0.9 },
  },
  {
    name: 'tunnel',
    title: 'two guests of two hosts, over vxlan',
    flows: ['frames', 'tcp', 'udp'],
    peer: { title: 'bridge and kernel vxlan', join: (ground) => twoHosts(ground, 'bridge') },
    ours: { title: 'click', join: (ground) => twoHosts(ground, 'click') },
    least: { tcp: 0.9, frames: 2.5 },
  },
  {
    name: 'path',
    title: 'the same tunnel, against a bridge and kernel vxlan without any queueing at the NICs',
    flows: ['frames'],
    peer: { title: 'bridge and kernel vxlan', join: bareKernel },
    ours: { title: 'click, as a VNet has it', join: (ground) => twoHosts(ground, 'click') },
    least: { frames: 2.5 },
  },
  {
    name: 'classes',
    title: 'the same tunnel, where the NICs have classes on both sides',
    flows: ['frames'],
    peer: { title: 'bridge and kernel vxlan', join: (ground) => twoHosts(ground, 'bridge', configured) },
    ours: { title: 'click', join: (ground) => twoHosts(ground, 'click', configured) },
    least: {},
  },
  {
    name: 'relay',
    title: 'a host between, for a link over vxlan',
    flows: ['tcp', 'udp'],
    peer: { title: 'its kernel routes the tunnel', join: (ground) => row(ground, 'route') },
    ours: { title: 'its Dom0 relays the link', join: (ground) => row(ground, 'relay') },
    least: {},
  },
  {
    name: 'forwarding',
    title: 'a node between, on one host',
    flows: ['tcp', 'udp'],
    peer: { title: 'it forwards itself', join: (ground) => through(ground, false) },
    ours: { title: 'Dom0 forwards for it', join: (ground) => through(ground, true) },
    least: {},
  },
]
