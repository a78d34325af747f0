/** Nodes of a pool that VNets take, on a host of fakes: what runs becomes another, once, and an agent may be killed at any point of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { create, type Init } from '../../proto/codec.ts'
import { connectConsole } from '../../proto/console/connect.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { localOwner } from '../commands/context.ts'
import { until, watching } from '../console/test/support.ts'
import type { FakePoint } from '../hypervisor/fake/memory.ts'
import { absent, type FakeHost, fakeHost, type KillableAgent, node, pair, untilReport, vnet } from './support/host.ts'

t.setTimeout(300_000)

const poolKey = 'pool-small'

const pool = (ids: readonly string[], generation = 1, change: Init<SliceNode> = {}): Slice =>
  create('Slice', {
    vnet: poolKey,
    generation,
    epoch: 1,
    nodes: ids.map((id) => node(id, { interfaces: [{ index: 0 }, { index: 1 }], memoryBytes: 1 << 26, ...change })),
  })

/** Two nodes and their link; the first is to be taken from the pool. */
const taking = (generation = 1, change: Init<SliceNode> = {}): Slice =>
  pair({ generation, nodes: [node('a', { memoryBytes: 1 << 26, pooled: `${poolKey}/n1`, ...change }), node('b')] })

const ready = (agent: KillableAgent, ofVNet: string, generation = 1) =>
  untilReport(agent, (one) => one.phase === 'PHASE_READY' && one.generation === generation, 60_000, ofVNet)

const withPool = async (t: Test, ids: readonly string[] = ['n1', 'n2']) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pool(ids))
  await ready(agent, poolKey)
  host.world.calls.length = 0
  return { host, agent }
}

const standing = ({ world }: FakeHost): readonly string[] => [...world.nodes.keys()].sort()
const domainOf = ({ world }: FakeHost, key: string): string | undefined => world.nodes.get(key)?.domain

/** Names of vifs, by node. */
const namesOf = (agent: KillableAgent, ofVNet: string): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(agent.told.get(ofVNet)?.nodes.map(({ id, vifs }) => [id, vifs.map(({ name }) => name)]) ?? [])

t.test('a node takes the one that runs, and the pool makes no other under its name', async (t) => {
  const { host, agent } = await withPool(t)
  const domain = domainOf(host, `${poolKey}/n1`)
  const { n1 } = namesOf(agent, poolKey)
  await agent.desire(taking())
  const told = await ready(agent, vnet)
  await agent.reconciler.idle()
  t.equal(domainOf(host, `${vnet}/a`), domain)
  t.same(standing(host), [`${vnet}/a`, `${vnet}/b`, `${poolKey}/n2`])
  t.same(
    host.world.calls.filter((call) => call.endsWith('n1')),
    [`take ${poolKey}/n1`],
  )
  t.match(told.nodes[0], { id: 'a', domain })
  t.same(namesOf(agent, vnet)['a'], n1?.slice(0, 1), 'its interface is one that the pool’s had')
  t.match(agent.told.get(poolKey), { phase: 'PHASE_READY', nodes: [{ id: 'n2' }] })
  t.equal(agent.told.get(poolKey)?.nodes.length, 1, 'the pool does not list it any more')

  await agent.desire(pool(['n2', 'n3'], 2))
  await ready(agent, poolKey, 2)
  await agent.desire(taking(2, { interfaces: [{ index: 0, addresses: ['10.0.0.9/30'], mtu: 1450 }] }))
  await ready(agent, vnet, 2)
  t.equal(domainOf(host, `${vnet}/a`), domain, 'later versions name it still, and leave it')
  await agent.desire(absent(3))
  await untilReport(agent, ({ phase }) => phase === 'PHASE_GONE')
  await agent.reconciler.idle()
  t.same(standing(host), [`${poolKey}/n2`, `${poolKey}/n3`])
  const slots = JSON.parse(readFileSync(join(host.stateDir, 'slots.json'), 'utf8'))
  t.same(Object.keys(slots).sort(), [`${poolKey}/n2`, `${poolKey}/n3`])
})

t.test('what is of another shape, not there, or somebody else’s, is made as any other', async (t) => {
  for (const [what, change] of [
    ['another shape', { memoryBytes: 1 << 27 }],
    ['other CPUs', { cpu: { count: 2, shares: 0, quotaMillis: 0, pins: '' } }],
    ['not there', { pooled: `${poolKey}/n9` }],
    ['no such pool', { pooled: 'pool-large/n1' }],
  ] as const) {
    const { host, agent } = await withPool(t)
    await agent.desire(taking(1, change))
    await ready(agent, vnet)
    t.notOk(
      host.world.calls.some((call) => call.startsWith('take')),
      what,
    )
    await agent.close(0)
  }
  const { host, agent } = await withPool(t)
  await agent.command(create('HostCommand', { apply: { slice: { ...taking(), vnet: 'own' } } }), 'bob')
  await ready(agent, 'own')
  await agent.reconciler.idle()
  t.notOk(host.world.calls.some((call) => call.startsWith('take')))
  t.ok(standing(host).includes(`${poolKey}/n1`), 'a client’s slice takes nothing of the controller’s')
})

t.test('a VNet that is wanted no more before it has taken leaves the pool its node', async (t) => {
  const host = fakeHost(t)
  const held = Promise.withResolvers<void>()
  const agent = await host.start((point) => (point === 'take' ? held.promise : undefined))
  await agent.desire(pool(['n1']))
  await ready(agent, poolKey)
  await agent.desire(taking())
  await untilReport(agent, ({ nodes }) => nodes.length === 0, 60_000, poolKey)
  t.ok(standing(host).includes(`${poolKey}/n1`), 'it is neither removed nor the VNet’s yet')
  await agent.desire(absent(2))
  held.resolve()
  await untilReport(agent, ({ phase }) => phase === 'PHASE_GONE')
  await untilReport(agent, ({ phase, nodes }) => phase === 'PHASE_READY' && nodes.length === 1, 60_000, poolKey)
  t.same(standing(host), [`${poolKey}/n1`])
})

const points: readonly FakePoint[] = ['take', 'take.end', 'configure', 'configure.end']
for (const point of points) {
  t.test(`an agent that is killed at ${point} while it takes is followed by one that ends it`, async (t) => {
    const { host, agent } = await withPool(t)
    const domain = domainOf(host, `${poolKey}/n1`)
    agent.kill()
    const reached = Promise.withResolvers<void>()
    const never = new Promise<void>(() => {})
    const second = await host.start((here, ofVNet, id) => {
      if (here !== point || ofVNet !== vnet || id !== 'a') return undefined
      reached.resolve()
      return never
    })
    await second.desire(taking())
    await reached.promise
    second.kill()
    const third = await host.start()
    await ready(third, vnet)
    await ready(third, poolKey)
    await third.reconciler.idle()
    t.equal(domainOf(host, `${vnet}/a`), domain)
    t.same(standing(host), [`${vnet}/a`, `${vnet}/b`, `${poolKey}/n2`])
    const slots = JSON.parse(readFileSync(join(host.stateDir, 'slots.json'), 'utf8'))
    t.same(Object.keys(slots).sort(), [`${vnet}/a`, `${vnet}/b`, `${poolKey}/n2`])
    t.equal(new Set(Object.values(slots)).size, 3)
    t.same(namesOf(third, vnet)['a'], [`vif${slots[`${vnet}/a`]}.0`])
  })
}

t.test('nodes of VNets are made before those of pools', async (t) => {
  const host = fakeHost(t)
  const held = Promise.withResolvers<void>()
  const order: string[] = []
  const agent = await host.start(async (point, ofVNet) => {
    if (point !== 'start.record') return
    order.push(ofVNet)
    await held.promise
  })
  const ids = Array.from({ length: 100 }, (_, i) => `n${i}`)
  await agent.desire(pool(ids))
  // As many as are made at a time.
  await until(() => order.length === 64)
  await agent.desire(pair())
  await sleep(100)
  held.resolve()
  await ready(agent, vnet)
  await ready(agent, poolKey)
  const [place = -1] = [order.indexOf(vnet)]
  t.ok(place >= 64 && place < 70, `after those that had begun, before those that waited: ${place}`)
})

t.test('what a node wrote to its console while it was the pool’s is shown to who has taken it', async (t) => {
  const host = fakeHost(t)
  const console = { listen: `unix:${join(temporaryDirectory(t), 's')}` }
  const agent = await host.start(undefined, { console })
  await agent.desire(pool(['n1']))
  await ready(agent, poolKey)
  const directory = join(host.stateDir, 'consoles')
  const kept = (): string => {
    const logs = readdirSync(join(directory, poolKey, 'n1'))
    return logs.map((name) => readFileSync(join(directory, poolKey, 'n1', name), 'utf8')).join('')
  }
  await until(() => kept().startsWith('n1 is a fake'))
  await agent.desire(taking())
  await ready(agent, vnet)
  const command = create('HostCommand', { console: { vnet, node: 'a' } })
  const { console: ticket } = await agent.command(command, localOwner)
  if (!ticket) throw new Error('no ticket')
  const one = watching(t, await connectConsole(ticket))
  await until(() => one.text().includes('a is a fake in memory'))
  t.match(one.text(), /^n1 is a fake in memory: it says what you say\r\n/)
  t.notOk(readdirSync(directory).includes(poolKey), 'and is kept nowhere else')
})
