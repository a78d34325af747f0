/** A link of which somebody changed one thing by hand: the plan mends that and nothing else. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Operation } from '../bridge/operation.ts'
import { build, command, guest, type Host, host, link, plan, problem, until, wire } from './support/world.ts'

t.setTimeout(600_000)

interface Change {
  readonly name: string
  /** Words of `ip` or `tc`; BRIDGE and TUNNEL stand for their names. */
  readonly by: string
  /** Operations of the step that mends it. */
  readonly mends: readonly string[]
}

const changes: readonly Change[] = [
  {
    name: 'a vif was taken out',
    by: 'ip link set vif1.0 nomaster',
    mends: ['join vif1.0', 'set-port vif1.0', 'raise vif1.0'],
  },
  {
    name: 'the tunnel was taken out',
    by: 'ip link set TUNNEL nomaster',
    mends: ['join TUNNEL', 'set-port TUNNEL', 'raise TUNNEL'],
  },
  { name: 'MTU of a vif', by: 'ip link set vif1.0 mtu 1400', mends: ['set vif1.0'] },
  { name: 'MTU of the tunnel', by: 'ip link set TUNNEL mtu 1300', mends: ['set TUNNEL'] },
  { name: 'MTU of the bridge', by: 'ip link set BRIDGE mtu 1300', mends: ['set BRIDGE'] },
  { name: 'a vif was lowered', by: 'ip link set vif1.0 down', mends: ['raise vif1.0'] },
  { name: 'the bridge was lowered', by: 'ip link set BRIDGE down', mends: ['raise BRIDGE'] },
  { name: 'learning of a port', by: 'ip link set vif1.0 type bridge_slave learning on', mends: ['set-port vif1.0'] },
  { name: 'flooding of a port', by: 'ip link set TUNNEL type bridge_slave flood off', mends: ['set-port TUNNEL'] },
  { name: 'groups of a port', by: 'ip link set vif1.0 type bridge_slave group_fwd_mask 0', mends: ['set-port vif1.0'] },
  { name: 'learning of the tunnel', by: 'ip link set TUNNEL type vxlan learning', mends: ['set TUNNEL'] },
  { name: 'remote of the tunnel', by: 'ip link set TUNNEL type vxlan remote 192.0.2.9', mends: ['set TUNNEL'] },
  { name: 'time to live of the tunnel', by: 'ip link set TUNNEL type vxlan ttl 3', mends: ['set TUNNEL'] },
  { name: 'spanning tree', by: 'ip link set BRIDGE type bridge stp_state 1', mends: ['set BRIDGE'] },
  { name: 'snooping', by: 'ip link set BRIDGE type bridge mcast_snooping 1', mends: ['set BRIDGE'] },
  { name: 'addresses of its own', by: 'ip link set BRIDGE addrgenmode eui64', mends: ['set BRIDGE'] },
  {
    name: 'the tunnel was deleted',
    by: 'ip link del TUNNEL',
    mends: ['add-tunnel TUNNEL', 'join TUNNEL', 'set-port TUNNEL', 'limit TUNNEL', 'raise TUNNEL'],
  },
  {
    name: 'the bridge was deleted',
    by: 'ip link del BRIDGE',
    mends: [
      'add-bridge BRIDGE',
      'isolate BRIDGE',
      'join TUNNEL',
      'set-port TUNNEL',
      'join vif1.0',
      'set-port vif1.0',
      'raise BRIDGE',
      'raise TUNNEL',
      'raise vif1.0',
    ],
  },
  { name: 'the limit was deleted', by: 'tc qdisc del dev TUNNEL root', mends: ['limit TUNNEL'] },
  {
    name: 'the limit was changed',
    by: 'tc qdisc change dev TUNNEL root tbf rate 1mbit burst 10k limit 100k',
    mends: ['limit TUNNEL'],
  },
  { name: 'another discipline', by: 'tc qdisc replace dev TUNNEL root pfifo', mends: ['limit TUNNEL'] },
  { name: 'a limit where none shall be', by: 'tc qdisc add dev vif1.0 root pfifo', mends: ['limit vif1.0'] },
  { name: 'the guard', by: 'tc qdisc del dev BRIDGE clsact', mends: ['isolate BRIDGE'] },
  { name: 'the guard filter', by: 'tc filter del block 2003203145 pref 1', mends: ['isolate BRIDGE'] },
  {
    name: 'a filter before the guard',
    by: 'tc filter replace block 2003203145 pref 1 handle 1 protocol all bpf da bytecode 1,6\\ 0\\ 0\\ 0',
    mends: ['isolate BRIDGE'],
  },
  {
    name: 'the class of the segment',
    by: 'tc class change dev eth1 parent 7766:1 classid 7766:107 htb rate 1mbit',
    mends: ['reserve eth1'],
  },
  { name: 'the queue of the segment', by: 'tc qdisc del dev eth1 parent 7766:107', mends: ['reserve eth1'] },
  {
    name: 'the class of management',
    by: 'tc class change dev eth1 parent 7766:1 classid 7766:2 htb rate 1mbit',
    mends: ['underlay eth1'],
  },
  {
    name: 'all filters of the NIC',
    by: 'tc filter del dev eth1 parent 7766: pref 1',
    mends: ['underlay eth1', 'reserve eth1'],
  },
  { name: 'all queueing of the NIC', by: 'tc qdisc del dev eth1 root', mends: ['underlay eth1', 'reserve eth1'] },
]

const subject = (operation: Operation): string =>
  'name' in operation ? operation.name : 'nic' in operation ? operation.nic : operation.note.nic

t.test('each single change by hand', { skip: problem }, async (t) => {
  const [h1, h2] = [await host(t, 'h1'), await host(t, 'h2')]
  await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: h2, nic: 'eth1', address: '192.0.2.2/24' })
  await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  const segments = [{ identifier: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1', rate: 20e6 }]
  const specs = [link({ vifs: ['vif1.0'], segments })]
  await build(h1.driver, specs)
  const [bridge = '', tunnel = ''] = (await h1.driver.snapshot()).links[0]?.interfaces ?? []
  const real = (words: string) => words.replaceAll('BRIDGE', bridge).replaceAll('TUNNEL', tunnel)

  for (const { name, by, mends } of changes) {
    await t.test(name, async (t) => {
      t.same(await plan(h1.driver, specs), [], 'right before')
      await h1.exec('sh', '-c', real(by))
      const steps = await build(h1.driver, specs)
      const operations = steps.flatMap((step) => step.operations as readonly Operation[])
      t.same(
        operations.map((operation) => `${operation.op} ${subject(operation)}`),
        mends.map(real),
      )
      t.equal(
        steps.every(({ reasons, action }) => reasons.length > 0 && action === 'change'),
        true,
        'with a reason',
      )
      t.same(await plan(h1.driver, specs), [], 'right afterwards')
    })
  }
})

/** VNets that a watch called back with, once the one expected was among them and all was quiet before. */
const watched = async (at: Host, expected: string, act: () => Promise<unknown>): Promise<readonly string[]> => {
  await delay(1500)
  const calls = new Set<string>()
  await at.driver.watch((vnet) => calls.add(vnet))
  await act()
  await until(async () => calls.has(expected))
  await at.driver.close()
  return [...calls]
}

t.test('a watch tells whose links were changed', { skip: problem }, async (t) => {
  const h1 = await host(t, 'h1')
  const peer = await host(t, 'h2')
  await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: peer, nic: 'eth1', address: '192.0.2.2/24' })
  await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  const segment = (identifier: number) => ({ identifier, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' })
  await build(h1.driver, [link({ vifs: ['vif1.0'], segments: [segment(7)] })])
  await build(h1.driver, [link({ vnet: 'b.w', vifs: ['vif2.0'], segments: [segment(8)] })], 'b.w')
  const links = (await h1.driver.snapshot()).links
  const [bridge = '', tunnel = ''] = links.find(({ vnet }) => vnet === 'a.v')?.interfaces ?? []
  const tc = (...words: readonly string[]) => command('tc', '-n', h1.name, ...words)

  t.same(await watched(h1, 'a.v', () => h1.ip('link', 'del', tunnel)), ['a.v'], 'a tunnel goes')
  t.same(await watched(h1, 'a.v', () => tc('qdisc', 'del', 'dev', bridge, 'clsact')), ['a.v'], 'a guard goes')
  t.same(await watched(h1, 'a.v', () => h1.ip('link', 'set', 'vif1.0', 'down')), ['a.v'], 'a vif is lowered')
  const newVif = () => guest(t, h1, { vnet: 'b.w', vif: 'vif2.0', address: '10.0.0.1/24' })
  t.same(await watched(h1, 'b.w', newVif), ['b.w'], 'a vif comes')
  t.same(await watched(h1, 'b.w', () => tc('qdisc', 'del', 'dev', 'eth1', 'root')), ['b.w'], 'queueing of a NIC')
  t.same(await watched(h1, 'b.w', () => h1.ip('link', 'set', 'eth1', 'mtu', '1400')), ['b.w'], 'MTU of a NIC')
})
