/**
 * A host on the way of a link: the switch of one underlay interface sends into one end of a veth pair, and the router at the other end into the next
 * tunnel. No guest is there, and no process. A shaper at the pair makes segments of what comes out of a tunnel.
 */
import t, { type Test } from 'tap'
import { type Namespace, namespace, ping, reaches, wire } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import { segmentation, turnOff } from './support/offloads.ts'
import { guestText, type Technology, technologies } from './support/technologies.ts'
import { dataHash, transfer } from './support/transfer.ts'
import { attach, guestOf, indexOf } from './support/two-hosts.ts'

t.setTimeout(900_000)
const skip = missing('bpf')?.message ?? false

const bytes = 8 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

const of = (name: string): Technology => {
  const technology = technologies[name]
  if (!technology) throw new RangeError(name)
  return technology
}

/**
 * The link's half towards one guest: a host with the guest, and what the relay has for it at `port`, its end of the pair. What the switch takes out goes
 * out of the port, and what the other half's switch sent comes in there.
 */
const half = async (
  t: Test,
  relay: Namespace,
  port: string,
  technology: Technology,
  guest: 1 | 2,
): Promise<Namespace> => {
  const far = 3 - guest
  const host = await namespace(t, `h${guest}`)
  const [near, middle] = [`192.0.${guest}.1`, `192.0.${guest}.254`]
  const nic = `eth${guest}`
  await wire({ at: host, nic: 'eth0', address: `${near}/24` }, { at: relay, nic, address: `${middle}/24` }, 1600)
  const inside = await guestOf(t, host, 'vif1.0', guest)
  const entry = async (at: Namespace, device: string, local: string, remote: string): Promise<string> =>
    `${technology.link(local, remote)} ${await indexOf(at, device)}${technology.more?.(guest, far) ?? ''}`
  await attach(t, host, guestText(technology, 'vif1.0', far, technology.send(near, middle, 'eth0')))
  await attach(t, host, `FromDevice(eth0) -> LinkSwitch(${await entry(host, 'vif1.0', near, middle)}) -> ToHost(eth0)`)
  await attach(t, relay, `FromDevice(${port}) -> ${technology.send(middle, near, nic)}`)
  await attach(
    t,
    relay,
    `FromDevice(${nic}) -> LinkSwitch(${await entry(relay, port, middle, near)}) -> ToHost(${nic})`,
  )
  return inside
}

const ways = [
  ...Object.keys(technologies).map((name) => [name, name] as const),
  ['vlan', 'vxlan'],
  ['vxlan', 'mpls'],
  ['gre', 'qinq'],
  ['qinq', 'etherip'],
] as const

for (const [first, second] of ways) {
  for (const shaped of [false, true]) {
    t.test(`a host relays ${first} to ${second}${shaped ? ', at a rate' : ''}`, { skip }, async (t) => {
      const relay = await namespace(t, 'relay')
      await relay.ip('link', 'add', 'p1', 'type', 'veth', 'peer', 'name', 'p2')
      const shape = ['root', 'tbf', 'rate', '300mbit', 'burst', '100kb', 'latency', '100ms']
      for (const port of ['p1', 'p2']) {
        await relay.ip('link', 'set', port, 'addrgenmode', 'none', 'up')
        if (shaped) await relay.exec('tc', 'qdisc', 'add', 'dev', port, ...shape)
      }
      const guests = [await half(t, relay, 'p1', of(first), 1), await half(t, relay, 'p2', of(second), 2)] as const
      if ([first, second].includes('etherip')) for (const each of guests) await turnOff(each.path, 'eth0', segmentation)
      t.ok(await reaches(guests[0], '10.0.0.2'))
      t.ok(await ping(guests[1], '10.0.0.1', 1500 - 28), 'a packet of the whole MTU passes')
      const result = await transfer(guests[0].name, guests[1].name, '10.0.0.2', bytes, patienceMs)
      t.equal(result?.sha256, wanted, 'all bytes came as they were sent')
      if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
    })
  }
}
