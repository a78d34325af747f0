import t from 'tap'
import { createReadyWorld, gib, phaseAt } from '../../../test/world.ts'
import { createScene, part } from './support.ts'

const segmentsOf = (scene: Awaited<ReturnType<typeof createScene>>): readonly number[] =>
  [...scene.world.agents.values()].flatMap(({ slices }) =>
    [...slices.values()].flatMap(({ links }) =>
      links.flatMap(({ segments }) => segments.map(({ identifier }) => identifier)),
    ),
  )

t.test(
  'a VNet that is removed while its host is dead is gone, its numbers are not, and its name can be used again',
  async (t) => {
    const scene = await createScene(t)
    const { world, vnp } = scene
    const shop = part('shop', 3, () => ({ memoryBytes: 3 * gib, recovery: 'wait' }))
    await scene.apply(shop)
    await scene.built('alice.shop')
    const before = segmentsOf(scene)
    t.ok(before.length > 0)
    const [home = ''] = scene.runs('alice.shop/r2')
    await scene.powerOff(home)
    await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
    await vnp.ask({ delete: { vnet: 'alice.shop' } })
    await world.until('it is gone', async () => (await phaseAt(world, 'pip1', 'alice.shop')) === 'unknown')
    t.match(await world.rows('pip1'), [`death/${home}`, `tombstone/${home}/alice.shop`])

    await scene.apply(part('other', 2, () => ({ memoryBytes: 3 * gib })))
    await scene.built('alice.other')
    const given = segmentsOf(scene).filter((one) => !before.includes(one))
    t.ok(given.length > 0, 'others are given other numbers')
    t.notOk(
      [...world.agents.values()].some(
        ({ host, slices }) =>
          host !== home &&
          [...slices.values()].some(({ links }) =>
            links.some(({ segments }) => segments.some(({ identifier }) => before.includes(identifier))),
          ),
      ),
    )
    await vnp.ask({ delete: { vnet: 'alice.other' } })
    await world.idle()

    world.start('pip1')
    await world.quiesce()
    t.match(await world.rows('pip1'), [`death/${home}`, `tombstone/${home}/alice.shop`], 'a restart forgets nothing')
    const { generation } = await scene.apply(part('shop', 1))
    t.ok(generation > 2, 'hosts may know it at an earlier one')
    await scene.built('alice.shop')
    t.match(await world.rows('pip1'), ['vnet/alice.shop', `death/${home}`])

    await scene.powerOn(home)
    await world.idle()
    t.same(await world.rows('pip1'), ['vnet/alice.shop'])
    t.same(scene.runs('alice.shop/r2'), [], 'nothing of the old one is left')
    t.equal(scene.runs('alice.shop/r1').length, 1)
    t.match(await scene.state('alice.shop'), { phase: 'PHASE_READY' })
    t.same(world.violations(), [])
  },
)

t.test('what has no place elsewhere says why, and is made once there is room', async (t) => {
  const scene = await createScene(t)
  const { world, vnp } = scene
  await scene.apply(part('shop', 1, () => ({ memoryBytes: 3 * gib })))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.apply(part('other', 2, () => ({ memoryBytes: 3 * gib })))
  await scene.built('alice.other')
  await scene.powerOff(home)
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.idle()
  const waiting = await scene.state('alice.shop')
  t.match(waiting, {
    phase: 'PHASE_DEGRADED',
    generation: 1,
    error: { code: 'host.dead', message: /no place elsewhere/ },
  })
  t.match(await scene.host(home), { death: { vnets: ['alice.shop'] } })
  await vnp.ask({ delete: { vnet: 'alice.other' } })
  await scene.built('alice.shop')
  t.match(await scene.state('alice.shop'), { generation: 2, recoveries: [{ node: 'r1', from: home }] })
})

t.test('what had no place elsewhere is where it was when its host is back', async (t) => {
  const scene = await createScene(t)
  const { world } = scene
  await scene.apply(part('shop', 3, () => ({ memoryBytes: 3 * gib })))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.idle()
  await scene.powerOn(home)
  await scene.built('alice.shop')
  t.match(await scene.state('alice.shop'), { generation: 1, recoveries: [] })
  t.same(scene.runs('alice.shop/r1'), [home])
})

t.test('a node that was to wait is bound to its host until that knows otherwise', async (t) => {
  const scene = await createScene(t)
  const { world } = scene
  await scene.apply(part('shop', 1, () => ({ recovery: 'wait' })))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await scene.apply(part('shop', 1))
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.idle()
  t.same(scene.runs('alice.shop/r1'), [], 'its host would start it at once')
  await scene.powerOn(home)
  await scene.built('alice.shop')
  t.same(scene.runs('alice.shop/r1'), [home])
  await scene.powerOff(home)
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await scene.built('alice.shop')
  t.not(scene.runs('alice.shop/r1')[0], home)
})

t.test('an operator of VNets is told what was made again elsewhere', async (t) => {
  const world = await createReadyWorld()
  t.teardown(() => world.close())
  const shop = part('shop', 1)
  await world.settled(world.ask('alice', { apply: { request: { ...shop, name: 'shop' } } }))
  await world.until('it is ready', async () => (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY')
  const [home = ''] = [...world.agents.values()].filter(({ running }) => running.size > 0).map(({ host }) => host)
  world.agents.get(home)?.powerOff()
  await world.quiesce()
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.until('that is told', async () => {
    const { vnet } = await world.ask('alice', { get: { vnet: 'shop' } })
    return vnet?.phase === 'PHASE_READY' && vnet.recoveries.some(({ node, from }) => node === 'r1' && from === home)
  })
  const { vnet } = await world.ask('vnp1', { get: { vnet: 'alice.shop' } })
  t.match(vnet?.recoveries, [{ node: 'r1', provider: 'pip1', from: home, by: 'operator' }])
})
