import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import type { VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { createClient } from '../../test/client.ts'
import { chain, createReadyWorld, phaseAt, type World } from '../../test/world.ts'

const setUp = async (t: Test): Promise<World> => {
  const world = await createReadyWorld()
  t.teardown(() => world.close())
  return world
}

const apply = async (world: World, request: VNetRequest): Promise<VNetState> =>
  (await world.settled(world.ask('alice', { apply: { request } }))).vnet as VNetState

const ready = (world: World): Promise<void> =>
  world.until('it is ready', async () => (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY')

t.test(
  'what was asked for is told without what was allocated, so that it can be changed and applied again',
  async (t) => {
    const world = await setUp(t)
    await apply(world, chain('shop', 2))
    await ready(world)
    const get = async (asked: boolean) =>
      (await world.settled(world.ask('alice', { get: { vnet: 'shop', asked } }))).vnet
    const macs = (state: VNetState | undefined) =>
      state?.request?.nodes.flatMap(({ interfaces }) => interfaces.map(({ mac }) => mac !== ''))
    t.same(macs(await get(false)), [true, true])
    const state = await get(true)
    t.same(macs(state), [false, false])
    const request = state?.request as VNetRequest
    const changed = { ...request, links: request.links.map((link) => ({ ...link, rateAToBBitsPerSecond: 2e6 })) }
    const { plan } = await world.settled(world.ask('alice', { plan: { request: changed } }))
    t.match(plan?.changes, [{ action: 'CHANGE_ACTION_CHANGE', object: `link/${request.links[0]?.id}` }])
    t.equal(plan?.changes.length, 1)
    t.match(await apply(world, changed), { generation: 2 })
  },
)

t.test('while the VNP is away it says that nothing was sent, and answers what it knew last', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await ready(world)
  world.kill('vnp1')
  await world.idle()
  const unreachable = { code: 'call.unreachable', hint: /nothing was sent/ }
  await t.rejects(apply(world, chain('shop', 3)), unreachable)
  await t.rejects(world.ask('alice', { delete: { vnet: 'shop' } }), unreachable)
  t.equal(await phaseAt(world, 'alice', 'shop'), 'PHASE_READY')
  world.start('alice')
  await world.quiesce()
  t.equal(await phaseAt(world, 'alice', 'shop'), 'PHASE_READY', 'also after a restart')
  world.start('vnp1')
  await world.idle()
  t.match(await apply(world, chain('shop', 3)), { generation: 2 })
})

t.test('without an answer it says that the outcome is open, and learns it', async (t) => {
  const world = await setUp(t)
  const mortal = world.mortal('vnp1')
  mortal.dieBeforeCall('commit')
  await t.rejects(world.settled(world.ask('alice', { apply: { request: chain('shop', 2) } })), {
    code: 'call.timeout',
    hint: /may still be carried out/,
  })
  t.equal(await phaseAt(world, 'alice', 'shop'), 'unknown')
  world.start('vnp1')
  await ready(world)
})

t.test('what was removed while it was away is not kept', async (t) => {
  const world = await setUp(t)
  await apply(world, chain('shop', 2))
  await ready(world)
  await world.idle()
  world.kill('alice')
  const elsewhere = createClient(world, 'alice', 'vnp1')
  await elsewhere.ask({ delete: { vnet: 'shop' } })
  await world.idle()
  t.same(await world.rows('alice'), ['vnet/shop'])
  world.start('alice')
  await world.idle()
  t.same(await world.rows('alice'), [])
})

t.test('what another process of this operator asked for is learned', async (t) => {
  const world = await setUp(t)
  world.kill('alice')
  const elsewhere = createClient(world, 'alice', 'vnp1')
  await elsewhere.ask({ apply: { request: chain('shop', 2) } })
  world.start('alice')
  await ready(world)
  t.match((await world.ask('alice', { get: { vnet: '' } })).vnets?.vnets, [{ vnet: 'shop', owner: 'alice' }])
})

t.test('a request that is refused is not kept', async (t) => {
  const world = await setUp(t)
  await t.rejects(apply(world, chain('Shop', 2)), { code: 'request.invalid' })
  const kept = chain('shop', 2)
  const nodes = kept.nodes.map((node) => ({ ...node, allocation: 'preallocated' }))
  await t.rejects(apply(world, { ...kept, nodes }), { code: 'admission.never-fits' })
  t.same(await world.rows('alice'), [])
  await t.rejects(world.ask('alice', { get: { vnet: 'shop' } }), { code: 'vnet.unknown' })
  await t.rejects(world.ask('alice', { hosts: {} }), { code: 'verb.unsupported' })
  const role = await world.role('alice')
  t.match(await role.answerLocal(create('ApiRequest', { apply: {} }), 'local').catch((error: unknown) => error), {
    code: 'message.malformed',
  })
})
