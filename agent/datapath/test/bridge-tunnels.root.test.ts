/**
 * What the kernel does for segments of bridges, by each technology that it has: classes at the NIC, devices that links share, repair,
 * removal. That links of all of them carry traffic is in links.root.test.ts.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { LinkCounters } from '../../../proto/generated/weft.v1.ts'
import { qinqIdentifier } from '../../../proto/technologies.ts'
import { bridgeDriver } from '../bridge/driver.ts'
import type { LinkSpec } from '../driver.ts'
import { flood, interfaces, testFrame } from './support/flood.ts'
import {
  build,
  command,
  guest,
  type Host,
  host,
  kernelTechnologies,
  link,
  macOf,
  type Namespace,
  ping,
  plan,
  problem,
  reaches,
  state,
  wire,
} from './support/world.ts'

t.setTimeout(900_000)

const qinq = (customer: number): number => qinqIdentifier({ service: 100, customer })

/** Two numbers of each technology; those of qinq share a service id. */
const identifiers: Readonly<Record<string, readonly [number, number]>> = {
  vxlan: [7, 8],
  gre: [0xfedc_ba98, 8],
  vlan: [5, 6],
  qinq: [qinq(200), qinq(201)],
}

interface Pair {
  readonly h1: Host
  readonly h2: Host
}

const pairOf = async (t: Test): Promise<Pair> => {
  const [h1, h2] = [await host(t, 'h1'), await host(t, 'h2')]
  const end = (at: Namespace, address: string) => ({ at, nic: 'eth1', address })
  await wire(end(h1, '192.0.2.1/24'), end(h2, '192.0.2.2/24'), 1600)
  return { h1, h2 }
}

interface Asked {
  readonly vnet?: string
  readonly vif?: string
  readonly rate?: number
}

const specOf = (
  technology: string,
  identifier: number,
  from: 1 | 2,
  { vnet = 'a.v', vif = 'vif1.0', rate = 0 }: Asked = {},
): LinkSpec => {
  const crosses = technology === 'vxlan' || technology === 'gre'
  const ends = { local: `192.0.2.${from}`, remote: `192.0.2.${3 - from}` }
  const segment = {
    technology,
    identifier,
    nic: 'eth1',
    rate,
    peer: `h${3 - from}`,
    ...(crosses ? ends : { local: '', remote: '' }),
  }
  return link({ vnet, mtu: 1500, vifs: [vif], segments: [segment] })
}

/** A link of two guests over both hosts; the first guest. */
const linked = async (t: Test, { h1, h2 }: Pair, technology: string, identifier: number, asked: Asked = {}) => {
  const { vnet = 'a.v', vif = 'vif1.0' } = asked
  const specs = { one: specOf(technology, identifier, 1, asked), two: specOf(technology, identifier, 2, asked) }
  const a = await guest(t, h1, { vnet, vif, address: '10.0.0.1/24', mtu: 1500 })
  const b = await guest(t, h2, { vnet, vif, address: '10.0.0.2/24', mtu: 1500 })
  await build(h1.driver, [specs.one], vnet)
  await build(h2.driver, [specs.two], vnet)
  t.ok(await reaches(a, '10.0.0.2'), `${vnet} reaches its own`)
  return { a, b, ...specs }
}

/** Packets that have left by each class of eth1 with any, by its name. */
const classes = async (at: Namespace): Promise<ReadonlyMap<string, number>> => {
  const text = await command('tc', '-n', at.name, '-s', 'class', 'show', 'dev', 'eth1')
  const found = [...text.matchAll(/class htb (\S+) .*\n Sent \d+ bytes (\d+) pkt/g)]
  return new Map(found.map(([, name = '', count]) => [name, Number(count)]))
}

/** How many packets each class got while something was done. */
const during = async (at: Namespace, work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> => {
  const before = await classes(at)
  await work()
  const grown = [...(await classes(at))].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
  return Object.fromEntries(grown.filter(([, count]) => count > 0))
}

const pings = (from: Namespace) => from.exec('ping', '-n', '-q', '-c', '10', '-i', '0.02', '-W', '5', '10.0.0.2')

const made = problem ? [] : await kernelTechnologies(t)
const skip = (technology: string) => problem || (made.includes(technology) ? false : `this kernel has no ${technology}`)

for (const [technology, [first, second]] of Object.entries(identifiers)) {
  t.test(
    `${technology}: packets meet the class of their segment, and none that of management`,
    {
      skip: skip(technology),
    },
    async (t) => {
      const pair = await pairOf(t)
      const { h1, h2 } = pair
      const empty = [await state(h1), await state(h2)]
      const { a, b, one, two } = await linked(t, pair, technology, first, { rate: 20e6 })
      t.same(await plan(h1.driver, [one]), [])
      t.same(await plan(h2.driver, [two]), [])
      const restarted = bridgeDriver({ namespace: h1.path })
      t.same(await plan(restarted, [one]), [], 'a driver that starts finds it right')
      await restarted.close()
      t.ok(await ping(a, '10.0.0.2', 1500 - 28), 'a packet of the whole MTU passes')

      const seen = await during(h1, () => pings(a))
      const own = Object.keys(seen).find((name) => !['7766:1', '7766:2', '7766:3'].includes(name))
      t.ok(own !== undefined && (seen[own] ?? 0) >= 10, `${own} has them: ${JSON.stringify(seen)}`)

      await t.test('best effort without a rate, changed while it carries traffic', async (t) => {
        const slower = specOf(technology, first, 1)
        t.match(await build(h1.driver, [slower]), [{ action: 'change' }])
        t.same(await plan(h1.driver, [slower]), [])
        const rest = await during(h1, () => pings(a))
        t.ok((rest['7766:3'] ?? 0) >= 10, `best effort has them: ${JSON.stringify(rest)}`)
        t.notOk([...(await classes(h1)).keys()].includes(own ?? ''), 'and the class is gone')
        await build(h1.driver, [one])
      })

      for (const bytes of [200, 1400]) {
        await t.test(`the rate is of the guest's frames, whatever the tunnel adds: of ${bytes} bytes`, async (t) => {
          const rate = 2e6
          await build(h1.driver, [specOf(technology, first, 1, { rate })])
          const data = testFrame(macOf('vif1.0'), bytes)
          const end = await flood(t, a, [{ name: 'eth0', data, framesPerSecond: (2 * rate) / (8 * bytes) }])
          await delay(3000)
          const seen: number[] = []
          // More than the rate is wrong in any window; less may be the doing of a machine that is busy with other things.
          while (seen.length < 8) {
            const [before, start] = [(await interfaces(b)).get('eth0')?.received ?? 0, performance.now()]
            await delay(5000)
            const [after, stop] = [(await interfaces(b)).get('eth0')?.received ?? 0, performance.now()]
            seen.push(((after - before) * bytes * 8000) / (stop - start) / rate)
            if ((seen.at(-1) ?? 0) > 0.95) break
          }
          await end()
          // An emulated processor stands still for longer than a bucket holds tokens for: what it misses then is lost. The rate on a real one is
          // measured to 5 % in links-rates.root.test.ts.
          const told = `${seen.map((one) => one.toFixed(3)).join(', ')} of the rate`
          t.ok(Math.max(...seen) <= 1.05 && Math.max(...seen) >= 0.9, told)
          await build(h1.driver, [one])
        })
      }

      await t.test('what leaves either way is counted', async (t) => {
        const counters = (at: Host, spec: LinkSpec): Promise<LinkCounters | undefined> =>
          at.driver.counters?.(spec) ?? Promise.resolve(undefined)
        const before = await counters(h1, one)
        await pings(a)
        const after = await counters(h1, one)
        t.match(after, { datapath: 'bridge', directions: [{ from: 'vif1.0.0', to: 'h2' }] })
        const packets = (of: LinkCounters | undefined) => of?.directions[0]?.packets ?? 0
        t.ok(packets(after) - packets(before) >= 10)
      })

      await build(h1.driver, [])
      await build(h2.driver, [])
      await h1.ip('link', 'del', 'vif1.0')
      await h2.ip('link', 'del', 'vif1.0')
      t.same([await state(h1), await state(h2)], empty, 'and nothing is left of it')
    },
  )

  t.test(
    `${technology}: two VNets with the same addresses never see each other`,
    {
      skip: skip(technology),
    },
    async (t) => {
      const pair = await pairOf(t)
      const { h1, h2 } = pair
      const one = await linked(t, pair, technology, first, { rate: 10e6 })
      const other = await linked(t, pair, technology, second, { vnet: 'b.w', vif: 'vif2.0', rate: 10e6 })
      await other.b.ip('link', 'set', 'eth0', 'down')
      await other.a.ip('neigh', 'flush', 'dev', 'eth0')
      t.notOk(await ping(other.a, '10.0.0.2'))
      t.ok(await ping(one.a, '10.0.0.2'))

      await build(h1.driver, [], 'b.w')
      await build(h2.driver, [], 'b.w')
      t.ok(await ping(one.a, '10.0.0.2'), 'the one that stays needs nothing of the other')
      t.same(await plan(h1.driver, [one.one]), [])
      await build(h1.driver, [])
      t.notMatch(await command('tc', '-n', h1.name, 'qdisc', 'show', 'dev', 'eth1'), /htb/)
      t.notMatch(await h1.ip('link', 'show'), / w[bst]/)
    },
  )
}

interface Change {
  readonly name: string
  /** Words of `ip` or `tc`; TUNNEL and SERVICE stand for names, CLASS for the segment's class. */
  readonly by: string
}

const changes: Readonly<Record<string, readonly Change[]>> = {
  gre: [
    { name: 'the other end', by: 'ip link set TUNNEL type gretap local 192.0.2.1 remote 192.0.2.9 key 4275878552' },
    { name: 'the key', by: 'ip link set TUNNEL type gretap local 192.0.2.1 remote 192.0.2.2 key 9' },
    {
      name: 'time to live',
      by: 'ip link set TUNNEL type gretap local 192.0.2.1 remote 192.0.2.2 key 4275878552 ttl 3',
    },
    { name: 'the device', by: 'ip link del TUNNEL' },
  ],
  vlan: [
    { name: 'what says the class', by: 'tc filter del dev TUNNEL egress' },
    { name: 'its hooks', by: 'tc qdisc del dev TUNNEL clsact' },
    { name: 'the class', by: 'tc class del dev eth1 classid CLASS' },
    { name: 'the device', by: 'ip link del TUNNEL' },
    { name: 'the limit', by: 'tc qdisc del dev TUNNEL root' },
  ],
  qinq: [
    { name: 'what says the class', by: 'tc filter del dev TUNNEL egress' },
    { name: 'the class', by: 'tc class change dev eth1 parent 7766:1 classid CLASS htb rate 1mbit' },
    { name: 'the service device, and all on it', by: 'ip link del SERVICE' },
    { name: 'MTU of the service device', by: 'ip link set SERVICE mtu 1510' },
    { name: 'the service device is lowered', by: 'ip link set SERVICE down' },
  ],
}

for (const [technology, ways] of Object.entries(changes)) {
  t.test(`${technology}: what somebody changed by hand is mended`, { skip: skip(technology) }, async (t) => {
    const pair = await pairOf(t)
    const { h1 } = pair
    const [first] = identifiers[technology] ?? [0]
    const { a, one } = await linked(t, pair, technology, first, { rate: 20e6 })
    const names = [...(await h1.ip('-o', 'link', 'show')).matchAll(/^\d+: (w[st][a-z2-7]{13})@?/gm)].map(
      ([, name]) => name,
    )
    const nameOf = (start: string) => names.find((name) => name?.startsWith(start)) ?? ''
    for (const { name, by } of ways) {
      await t.test(name, async (t) => {
        t.same(await plan(h1.driver, [one]), [], 'right before')
        const own = [...(await classes(h1)).keys()].find((each) => !/^7766:[123]$/.test(each)) ?? ''
        const words = by.replaceAll('TUNNEL', nameOf('wt')).replaceAll('SERVICE', nameOf('ws')).replaceAll('CLASS', own)
        await h1.exec('sh', '-c', words)
        const steps = await build(h1.driver, [one])
        t.ok(steps.length === 1 && (steps[0]?.reasons.length ?? 0) > 0, steps[0]?.reasons.join('; ') ?? 'a step')
        t.same(await plan(h1.driver, [one]), [], 'right afterwards')
        t.ok(await reaches(a, '10.0.0.2'))
      })
    }
    await build(h1.driver, [])
    t.notMatch(await h1.ip('link', 'show'), / w[bst]/)
    t.notMatch(await command('tc', '-n', h1.name, 'qdisc', 'show', 'dev', 'eth1'), /htb/)
  })
}

t.test('a class that nothing says any more goes with the next segment that does', { skip: skip('qinq') }, async (t) => {
  const pair = await pairOf(t)
  const { h1 } = pair
  const { a, one } = await linked(t, pair, 'qinq', qinq(200), { rate: 20e6 })
  await linked(t, pair, 'qinq', qinq(201), { vnet: 'b.w', vif: 'vif2.0', rate: 20e6 })
  const kept = [...(await classes(h1)).keys()]
  for (const orphan of ['7766:fabc', '7766:8abc']) {
    const words = ['dev', 'eth1', 'parent', '7766:1', 'classid', orphan, 'htb', 'rate', '1mbit']
    await command('tc', '-n', h1.name, 'class', 'add', ...words)
  }
  await build(h1.driver, [], 'b.w')
  const left = [...(await classes(h1)).keys()]
  t.notMatch(left.join(' '), /abc/)
  t.equal(left.length, kept.length - 1, 'the other link has its own still')
  t.same(await plan(h1.driver, [one]), [])
  t.ok(await reaches(a, '10.0.0.2'))
})
