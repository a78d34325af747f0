import t, { type Test } from 'tap'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { chain, createReadyWorld, gib, heavyChain, phaseAt, type World } from '../../test/world.ts'

const worldFor = async (t: Test): Promise<World> => {
  const world = await createReadyWorld()
  t.teardown(() => world.close())
  return world
}

const apply = async (world: World, name: string, lifetimeSeconds: number) =>
  (await world.settled(world.ask('alice', { apply: { request: chain(name, 2, { lifetimeSeconds }) } })))
    .vnet as VNetState
const phase = (world: World, vnet: string) => phaseAt(world, 'alice', vnet)
const ready = (world: World, vnet: string) =>
  world.until(`${vnet} is ready`, async () => (await phase(world, vnet)) === 'PHASE_READY')

t.test('a VNet is removed when its lifetime is over, and tells before when that is', async (t) => {
  const world = await worldFor(t)
  const accepted = world.clock.unixMs()
  await apply(world, 'brief', 3600)
  await apply(world, 'lasting', 0)
  await ready(world, 'brief')
  const { vnet } = await world.ask('alice', { get: { vnet: 'brief' } })
  const { endsUnixMs = 0 } = vnet ?? {}
  t.ok(endsUnixMs >= accepted + 3_600_000 && endsUnixMs < accepted + 3_700_000)
  t.match((await world.ask('alice', { get: { vnet: 'lasting' } })).vnet, { endsUnixMs: 0 })
  await world.pass(3_500_000)
  t.equal(await phase(world, 'brief'), 'PHASE_READY')
  await world.pass(200_000)
  t.equal(await phase(world, 'brief'), 'unknown')
  t.equal(await phase(world, 'lasting'), 'PHASE_READY')
  for (const role of ['alice', 'vnp1', 'pip1']) t.equal((await world.rows(role)).length, 1, role)
  t.notOk(world.broker.retained().some((topic) => topic.includes('brief')))
  t.same(world.violations(), [])
})

t.test('it ends also where the VNP was away when its lifetime was over', async (t) => {
  const world = await worldFor(t)
  await apply(world, 'brief', 60)
  await ready(world, 'brief')
  world.kill('vnp1')
  await world.pass(120_000)
  t.equal(await phaseAt(world, 'pip1', 'alice.brief'), 'PHASE_READY')
  world.start('vnp1')
  await world.until('it is gone', async () => (await phase(world, 'brief')) === 'unknown')
  await world.until('all is cleared', async () => (await world.rows('pip1')).length === 0)
  t.same(world.violations(), [])
})

t.test('a lifetime may be made longer, shorter and without end while the VNet stands', async (t) => {
  const world = await worldFor(t)
  const { endsUnixMs } = await apply(world, 'brief', 600)
  await ready(world, 'brief')
  await world.pass(300_000)
  t.equal((await apply(world, 'brief', 1200)).endsUnixMs, endsUnixMs + 600_000, 'from when it was accepted first')
  await world.pass(500_000)
  t.equal(await phase(world, 'brief'), 'PHASE_READY')
  t.equal((await apply(world, 'brief', 0)).endsUnixMs, 0)
  await world.pass(3_600_000)
  t.equal(await phase(world, 'brief'), 'PHASE_READY')
  await apply(world, 'brief', 60)
  await world.until('it is over already', async () => (await phase(world, 'brief')) === 'unknown')
  t.same(world.violations(), [])
})

t.test('the lifetime of a request that waited counts from when it was accepted', async (t) => {
  const world = await worldFor(t)
  const big = (name: string, lifetimeSeconds: number) => ({ ...heavyChain(name, 3, 3 * gib), lifetimeSeconds })
  await world.settled(world.ask('alice', { apply: { request: big('one', 600) } }))
  await world.settled(world.ask('alice', { apply: { request: big('two', 600) } }))
  t.match((await world.ask('alice', { get: { vnet: 'two' } })).vnet, { phase: 'PHASE_POSTPONED', endsUnixMs: 0 })
  await world.pass(590_000)
  t.equal(await phase(world, 'two'), 'PHASE_POSTPONED')
  await ready(world, 'two')
  t.equal(await phase(world, 'one'), 'unknown', 'the end of one made room for the other')
  await world.pass(500_000)
  t.equal(await phase(world, 'two'), 'PHASE_READY')
  await world.pass(200_000)
  t.equal(await phase(world, 'two'), 'unknown')
  t.same(world.violations(), [])
})
