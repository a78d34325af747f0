import t from 'tap'
import { createScene, part } from './support.ts'

t.test('a host that is only away takes nothing with it', async (t) => {
  const scene = await createScene(t)
  const { world, agent, state, host } = scene
  await scene.apply(part('shop', 3))
  await scene.built('alice.shop')
  const [r1] = scene.runs('alice.shop/r1')
  t.ok(r1)
  const home = r1 as string
  await scene.powerOff(home)
  await world.pass(3_600_000)
  t.match(await state('alice.shop'), { phase: 'PHASE_DEGRADED', generation: 1, recoveries: [] })
  t.match(await host(home), { death: undefined })
  t.ok((await host(home)).awayUnixMs > 0)
  await scene.powerOn(home)
  await scene.built('alice.shop')
  t.same(scene.runs('alice.shop/r1'), [home], 'it is started where it was, as nobody made it elsewhere')
  t.same(agent(home).violations, [])
})

t.test('what a dead host carried is made elsewhere, and nothing runs twice when it is back', async (t) => {
  const scene = await createScene(t)
  const { world, state, host } = scene
  await scene.apply(part('shop', 3))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  const others = Object.fromEntries(
    ['r2', 'r3'].map((node) => [node, scene.runs(`alice.shop/${node}`)[0]]).filter(([, at]) => at !== home),
  )
  await scene.powerOff(home)
  const { hosts } = await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  t.match(hosts?.hosts, [{ name: home, death: { state: 'fenced', by: 'operator', bootId: `boot-${home}-1` } }])
  await scene.built('alice.shop')
  const after = await state('alice.shop')
  const [there] = scene.runs('alice.shop/r1')
  t.not(there, home)
  t.match(
    after.recoveries.find(({ node }) => node === 'r1'),
    { provider: 'pip1', from: home, to: there, by: 'operator', lost: 'memory and disk' },
  )
  for (const [node, at] of Object.entries(others)) t.same(scene.runs(`alice.shop/${node}`), [at], `${node} stayed`)
  t.same((await host(home)).death?.vnets, [], 'nothing is left to be made elsewhere')

  await scene.powerOn(home)
  await world.idle()
  for (const node of ['r1', 'r2', 'r3']) t.equal(scene.runs(`alice.shop/${node}`).length, 1, `${node} runs once`)
  t.match(await host(home), { death: undefined, awayUnixMs: 0 })
  t.match(await state('alice.shop'), { phase: 'PHASE_READY' })
  t.same([...scene.agent(home).slices], [], 'it has no part any more')
  for (const one of world.agents.values())
    for (const [node, times] of one.made) t.equal(times, 1, `${one.host} ${node}`)
  t.same(world.violations(), [])
})

t.test('a node that waits stays, and is started with its host', async (t) => {
  const scene = await createScene(t)
  const { world, state } = scene
  await scene.apply(part('shop', 3, (node) => (node === 'r1' ? { recovery: 'wait' } : {})))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.idle()
  const dead = await state('alice.shop')
  t.match(dead, { phase: 'PHASE_DEGRADED' })
  t.match(
    dead.nodes.find(({ id }) => id === 'r1'),
    { host: home, error: { code: 'host.dead', message: `host ${home} is dead: what is there waits until it is back` } },
  )
  t.notOk(dead.recoveries.some(({ node }) => node === 'r1'))
  await scene.powerOn(home)
  await scene.built('alice.shop')
  t.same(scene.runs('alice.shop/r1'), [home])
  for (const node of ['r2', 'r3']) t.equal(scene.runs(`alice.shop/${node}`).length, 1, `${node} runs once`)
  t.same(world.violations(), [])
})
