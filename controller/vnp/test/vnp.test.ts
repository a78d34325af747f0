import t, { type Test } from 'tap'
import type { VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { createClient } from '../../test/client.ts'
import {
  chain,
  createReadyWorld,
  gib,
  heavyChain,
  hostInventory,
  phaseAt,
  type World,
  type WorldOptions,
} from '../../test/world.ts'

const setUp = async (t: Test, options?: WorldOptions): Promise<World> => {
  const world = await createReadyWorld(options)
  t.teardown(() => world.close())
  return world
}

const apply = async (world: World, request: VNetRequest, vno = 'alice'): Promise<VNetState> =>
  (await world.settled(world.ask(vno, { apply: { request } }))).vnet as VNetState

const remove = async (world: World, vnet: string, vno = 'alice'): Promise<void> => {
  await world.settled(world.ask(vno, { delete: { vnet } }))
}

const phase = (world: World, wanted: string, vnet = 'shop'): Promise<void> =>
  world.until(`${vnet} is ${wanted}`, async () => (await phaseAt(world, 'alice', vnet)) === wanted)

const stateAt = async (world: World, role: string, vnet: string): Promise<VNetState> =>
  (await world.ask(role, { get: { vnet } })).vnet as VNetState

const twoPips = { pips: { pip1: ['h1', 'h2'], pip2: ['h3', 'h4'] } }

t.test('the cheapest provider that takes all of it gets it, and keeps it through changes', async (t) => {
  // Two nodes of 3 GiB need two hosts at pip1, and so a link between them, but only one at pip2.
  const inventory = (host: string) => hostInventory(host, host === 'h3' ? { memoryBytes: 8 * gib, cpus: 8 } : {})
  const world = await setUp(t, { ...twoPips, inventory })
  const packed = (count: number): VNetRequest => ({ ...heavyChain('shop', count, 3 * gib), placement: 'packed' })
  await apply(world, packed(2))
  await phase(world, 'PHASE_READY')
  const providers = async () => new Set((await stateAt(world, 'alice', 'shop')).nodes.map(({ provider }) => provider))
  t.same(await providers(), new Set(['pip2']))
  t.same(await world.rows('pip1'), [])
  await apply(world, packed(3))
  await phase(world, 'PHASE_READY')
  t.same(await providers(), new Set(['pip2']))
  t.same(world.violations(), [])
})

t.test('a provider that is away is done without', async (t) => {
  const world = await setUp(t, twoPips)
  world.kill('pip1')
  await world.quiesce()
  const before = world.clock.now()
  await apply(world, chain('shop', 2))
  t.ok(world.clock.now() - before < 1000, 'and not waited for')
  await phase(world, 'PHASE_READY')
  t.same(new Set((await stateAt(world, 'alice', 'shop')).nodes.map(({ provider }) => provider)), new Set(['pip2']))
})

t.test('without any provider a request is refused and nothing is kept', async (t) => {
  const world = await setUp(t)
  world.kill('pip1')
  await world.quiesce()
  await t.rejects(apply(world, chain('shop', 2)), { code: 'provider.unavailable', hint: /nothing was changed/ })
  t.same(await world.rows('vnp1'), [])
  t.same(await world.rows('alice'), [])
})

t.test('a removal waits for a provider that is away, and says so', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await phase(world, 'PHASE_READY')
  world.kill('pip1')
  await world.quiesce()
  await remove(world, 'shop')
  await world.pass(60_000)
  t.match(await stateAt(world, 'alice', 'shop'), { phase: 'PHASE_REMOVING', error: { code: 'call.unreachable' } })
  await t.rejects(apply(world, chain('shop', 2)), { code: 'vnet.busy' })
  world.start('pip1')
  await world.idle()
  for (const role of ['alice', 'vnp1', 'pip1']) t.same(await world.rows(role), [], role)
})

/** The VNP dies once it has decided and before the provider knows. */
const decideAndDie = async (world: World, request: VNetRequest): Promise<void> => {
  const mortal = world.mortal('vnp1')
  mortal.dieBeforeCall('commit')
  world.ask('alice', { apply: { request } }).catch(() => {})
  await world.until('it is decided', () => mortal.isDead)
}

t.test('a decision is kept although its lease ended while the VNP was dead', async (t) => {
  const world = await setUp(t)
  await decideAndDie(world, chain('shop', 3))
  await world.pass(120_000)
  t.same(await world.rows('pip1'), [], 'the lease ended')
  world.start('vnp1')
  await phase(world, 'PHASE_READY')
  t.match(await stateAt(world, 'alice', 'shop'), { generation: 1 })
  t.same(world.violations(), [])
})

t.test('a decision that has no room any more is postponed, says why, and is carried out once there is', async (t) => {
  const world = await setUp(t, { vnos: ['alice', 'bob'], vnps: ['vnp1', 'vnp2'] })
  await decideAndDie(world, heavyChain('shop', 3, 3 * gib))
  await world.pass(120_000)
  const other = createClient(world, 'vnp3', 'pip1')
  await other.ask({ reserve: { reservation: 'r1', part: { ...heavyChain('x', 3, 3 * gib), name: 'bob.big' } } })
  await other.ask({ commit: { reservation: 'r1' } })
  world.start('vnp1')
  await phase(world, 'PHASE_POSTPONED')
  t.match(await stateAt(world, 'alice', 'shop'), { error: { code: 'admission.not-now' } })
  await other.ask({ delete: { vnet: 'bob.big' } })
  await phase(world, 'PHASE_READY')
  t.same((await stateAt(world, 'alice', 'shop')).error, undefined)
  t.same(world.violations(), [])
})

t.test('what was reserved and not decided is given back at once after a restart', async (t) => {
  const world = await setUp(t)
  const mortal = world.mortal('vnp1')
  mortal.dieBeforeCall('offer')
  world.ask('alice', { apply: { request: chain('shop', 3) } }).catch(() => {})
  await world.until('it is about to ask for an offer that is held', () => mortal.isDead)
  const [row = ''] = await world.rows('vnp1')
  t.match(row, /^release/)
  // The call had gone out.
  const client = createClient(world, 'vnp1', 'pip1')
  await client.ask({
    reserve: { reservation: row.slice('release/'.length), part: { ...chain('x', 3), name: 'alice.shop' } },
  })
  world.start('vnp1')
  const started = world.clock.now()
  await world.until(
    'it is given back',
    async () => (await world.rows('pip1')).length + (await world.rows('vnp1')).length === 0,
  )
  t.ok(world.clock.now() - started < 5000, 'long before its lease ends')
})

t.test('a provider that lost its part is noticed, and the same request builds it again', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await phase(world, 'PHASE_READY')
  world.kill('pip1')
  world.loseStore('pip1')
  // What it had published is lost with it, as with a broker in the same machine.
  world.broker.goDown()
  world.broker.comeUp({ forgetful: true })
  await world.pass(5000)
  world.start('pip1')
  await phase(world, 'PHASE_DEGRADED')
  t.match(await stateAt(world, 'alice', 'shop'), { error: { code: 'vnet.unknown' } })
  t.match((await world.ask('pip1', { hosts: {} })).hosts?.hosts.flatMap(({ problems }) => problems)[0], {
    code: 'vnet.unknown',
    object: 'vnet/alice.shop',
  })
  t.match(await apply(world, chain('shop', 2)), { generation: 2 })
  await phase(world, 'PHASE_READY')
  await apply(world, chain('shop', 3))
  await phase(world, 'PHASE_READY')
  t.same(world.violations(), [])
})

t.test('after a restart nobody is told that a VNet is being built', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await phase(world, 'PHASE_READY')
  await world.idle()
  const seen: string[] = []
  const client = createClient(world, 'bystander', 'vnp1')
  await client.session.subscribe(
    topics.apiVNet('vnp1', '+', '+'),
    'VNetState',
    (state) => void seen.push(state?.phase ?? ''),
  )
  world.start('vnp1')
  await world.idle()
  t.same(new Set(seen), new Set(['PHASE_READY']))
})

t.test('a broker that lost everything is told everything again', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await phase(world, 'PHASE_READY')
  await world.idle()
  const before = world.broker.retained()
  world.broker.goDown()
  world.broker.comeUp({ forgetful: true })
  await world.idle()
  t.same(world.broker.retained(), before)
  t.equal(await phaseAt(world, 'alice', 'shop'), 'PHASE_READY')
})

t.test('changes and removals of one VNet at the same time end in one of the states that were asked for', async (t) => {
  const world = await setUp(t)
  const asked = Array.from({ length: 12 }, (_, i) =>
    world
      .ask('alice', i % 5 === 4 ? { delete: { vnet: 'shop' } } : { apply: { request: chain('shop', 2 + (i % 4)) } })
      .catch((error: { code?: string }) => {
        if (!['vnet.busy', 'vnet.unknown'].includes(error.code ?? '')) throw error
      }),
  )
  await world.settled(Promise.all(asked))
  await world.idle()
  const nodes = [...world.agents.values()].flatMap((agent) => [...agent.nodes])
  const phases = [await phaseAt(world, 'alice', 'shop'), await phaseAt(world, 'vnp1', 'alice.shop')]
  t.ok(
    phases.join() === 'unknown,unknown' ? nodes.length === 0 : phases.join() === 'PHASE_READY,PHASE_READY',
    phases.join(),
  )
  t.ok(
    (await world.rows('vnp1')).every((row) => row.startsWith('vnet/')),
    'no reservation is left',
  )
  t.same(world.violations(), [])
})

t.test('messages that come twice do nothing twice', async (t) => {
  const world = await setUp(t)
  world.broker.duplicates = true
  t.match(await apply(world, chain('shop', 3)), { generation: 1 })
  await phase(world, 'PHASE_READY')
  await remove(world, 'shop')
  await world.idle()
  for (const role of ['alice', 'vnp1', 'pip1']) t.same(await world.rows(role), [], role)
  t.same(world.violations(), [])
})

t.test('an identity that cannot stand in a VNet’s name owns none', async (t) => {
  const world = await setUp(t)
  const client = createClient(world, 'Mallory.x', 'vnp1')
  await t.rejects(client.ask({ apply: { request: chain('shop', 2) } }), { code: 'owner.denied' })
  await t.rejects(client.ask({ reserve: { reservation: 'r1' } }), { code: 'verb.unsupported' })
})

t.test('its operator sees the VNets of all', async (t) => {
  const world = await setUp(t, { vnos: ['alice', 'bob'] })
  await apply(world, chain('shop', 2))
  await apply(world, chain('shop', 2), 'bob')
  const all = (await world.ask('vnp1', { get: { vnet: '' } })).vnets?.vnets ?? []
  t.same(
    all.map(({ vnet, owner }) => `${owner} ${vnet}`),
    ['alice alice.shop', 'bob bob.shop'],
  )
  await t.rejects(world.ask('vnp1', { apply: { request: chain('x', 2) } }), { code: 'verb.unsupported' })
})
