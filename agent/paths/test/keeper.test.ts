/** What is said of the networks between hosts, and when they are asked. */
import { setImmediate as settle, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Segment, Slice } from '../../../proto/generated/weft.v1.ts'
import { fakeHost, node, untilReport } from '../../test/support/host.ts'
import { type PathOptions, pathKeeper } from '../keeper.ts'
import type { Verdict, Way } from '../ping.ts'

const segment = (change: Init<Segment> = {}): Init<Segment> => ({
  technology: 'vxlan',
  identifier: 4096,
  local: '192.0.2.1',
  remote: '192.0.2.2',
  nic: 'eth1',
  peer: 'h2',
  ...change,
})

const slice = (segments: readonly Init<Segment>[], mtu = 1450): Slice =>
  create('Slice', {
    vnet: 'shop',
    generation: 1,
    epoch: 1,
    nodes: [node('a')],
    links: segments.map((one, i) => ({ id: `l${i}`, mtu, ends: [{ node: 'a', interface: 0 }], segments: [one] })),
  })

const world = (options: Partial<PathOptions> = {}) => {
  const asked: Way[] = []
  const changed: string[] = []
  const clock = { now: 0 }
  const verdicts: { of: (way: Way) => Verdict | Promise<Verdict> } = { of: () => 'fits' }
  const keeper = pathKeeper({
    tryWay: async (way) => {
      asked.push(way)
      return verdicts.of(way)
    },
    changed: (vnet) => changed.push(vnet),
    now: () => clock.now,
    againMs: { right: 600, wrong: 60 },
    firstMs: 0,
    ...options,
  })
  const look = async (vnet: string, wanted: Slice | undefined) => {
    const problems = keeper.look(vnet, wanted)
    await settle()
    return [...problems].map(([link, { code }]) => [link, code])
  }
  return { keeper, asked, changed, clock, verdicts, look }
}

t.test('a way is asked for with packets of the size that the tunnel makes them', async (t) => {
  const { asked, look } = world()
  await look('shop', slice([segment(), segment({ technology: 'gre', identifier: 9 })]))
  const over6 = segment({ local: '2001:db8::1', remote: '2001:db8::2' })
  await look('other', slice([over6], 1430))
  t.same(asked, [
    // VXLAN (8), UDP (8), the guest's Ethernet header (14) and IPv4 (20); GRE with key (8), Ethernet and IPv4.
    { local: '192.0.2.1', remote: '192.0.2.2', bytes: 1500 },
    { local: '192.0.2.1', remote: '192.0.2.2', bytes: 1492 },
    { local: '2001:db8::1', remote: '2001:db8::2', bytes: 1500 },
  ])
})

t.test('addresses that are no host’s are not asked, nor where there are none', async (t) => {
  const { asked, look } = world()
  const others = ['etherip', 'ipip'].map((technology) =>
    segment({ technology, local: '198.18.1.1', remote: '198.18.2.1' }),
  )
  const tagged = ['vlan', 'qinq', 'mpls'].map((technology) => segment({ technology, local: '', remote: '' }))
  t.same(await look('shop', slice([...others, ...tagged])), [])
  t.same(asked, [])
})

t.test('links that share a way have it asked once, and each is told', async (t) => {
  const { asked, changed, verdicts, look } = world()
  verdicts.of = () => 'too large'
  const both = slice([segment(), segment({ identifier: 4097 })])
  t.same(await look('shop', both), [], 'nothing is known yet, and nothing waits for it')
  await look('other', slice([segment({ identifier: 4098 })]))
  t.equal(asked.length, 1)
  t.same(changed, ['shop'])
  t.same(await look('shop', both), [
    ['l0', 'mtu.path-too-small'],
    ['l1', 'mtu.path-too-small'],
  ])
  t.equal((await look('other', slice([segment({ identifier: 4098 })]))).length, 1)
  t.equal(asked.length, 1)
})

t.test('a wrong way is asked again soon, a right one late, and both are told when they change', async (t) => {
  const { asked, changed, clock, verdicts, look } = world()
  verdicts.of = () => 'too large'
  await look('shop', slice([segment()]))
  t.same(changed, ['shop'])
  clock.now = 59
  await look('shop', slice([segment()]))
  t.equal(asked.length, 1)
  verdicts.of = () => 'fits'
  clock.now = 61
  await look('shop', slice([segment()]))
  t.equal(asked.length, 2)
  t.same(changed, ['shop', 'shop'])
  t.same(await look('shop', slice([segment()])), [])
  clock.now = 600
  await look('shop', slice([segment()]))
  t.equal(asked.length, 2)
  clock.now = 700
  await look('shop', slice([segment()]))
  t.equal(asked.length, 3)
  t.equal(changed.length, 2, 'what stays right is not told')
})

t.test('a host that answers nothing is no problem', async (t) => {
  const { changed, verdicts, look } = world()
  verdicts.of = () => 'silent'
  await look('shop', slice([segment()]))
  t.same(await look('shop', slice([segment()])), [])
  t.same(changed, [])
})

t.test('a few at a time, and a way that nobody goes any more is forgotten', async (t) => {
  const { asked, verdicts, look, keeper } = world()
  const ends: ((verdict: Verdict) => void)[] = []
  verdicts.of = () => new Promise((resolve) => ends.push(resolve))
  const many = Array.from({ length: 7 }, (_, i) => segment({ remote: `192.0.2.${i + 2}` }))
  await look('shop', slice(many))
  t.equal(asked.length, 4)
  ends[0]?.('too large')
  await settle()
  t.equal(asked.length, 5)
  for (let done = 1; done < 7; done++) {
    ends[done]?.('too large')
    await settle()
  }
  t.equal(asked.length, 7)
  t.equal((await look('shop', slice(many))).length, 7)
  t.same(await look('shop', undefined), [])
  t.same(await look('shop', slice(many)), [], 'it is asked anew')
  t.equal(asked.length, 11)
  keeper.close()
})

t.test('a way that was right stays known for as long as it would when nobody goes it', async (t) => {
  const { asked, clock, look } = world()
  await look('shop', slice([segment()]))
  await look('shop', undefined)
  clock.now = 599
  await look('other', slice([segment()]))
  t.equal(asked.length, 1)
  await look('other', undefined)
  clock.now = 600
  await look('other', undefined)
  await look('shop', slice([segment()]))
  t.equal(asked.length, 2)
})

t.test('it is first tried a while after it is wanted, all that are wanted meanwhile together', async (t) => {
  const { asked, look, keeper } = world({ firstMs: 20 })
  await look('shop', slice([segment()]))
  await look('shop', slice([segment(), segment({ remote: '192.0.2.3' })]))
  t.equal(asked.length, 0)
  while (asked.length < 2) await sleep(5)
  t.same(
    asked.map(({ remote }) => remote),
    ['192.0.2.2', '192.0.2.3'],
  )
  await look('shop', slice([segment({ remote: '192.0.2.4' })]))
  keeper.close()
  await sleep(40)
  t.equal(asked.length, 2, 'one that was closed tries none')
})

t.test('the agent reports the link, and that it is well again', async (t) => {
  const host = fakeHost(t)
  let verdict: Verdict = 'too large'
  const agent = await host.start(undefined, {
    paths: (changed) =>
      pathKeeper({ tryWay: async () => verdict, changed, againMs: { right: 10, wrong: 10 }, firstMs: 1 }),
  })
  await agent.desire(slice([segment()]))
  const failed = await untilReport(agent, ({ links }) => links[0]?.error?.code === 'mtu.path-too-small', 20_000, 'shop')
  t.match(failed, {
    phase: 'PHASE_DEGRADED',
    links: [{ id: 'l0', error: { message: /1500 bytes, as link l0 .* h2 \(192\.0\.2\.2\)/ } }],
  })
  verdict = 'fits'
  await untilReport(agent, ({ phase }) => phase === 'PHASE_READY', 20_000, 'shop')
  await agent.close()
})
