import t, { type Test } from 'tap'
import type { Explanation } from '../../proto/generated/weft.v1.ts'
import { createClient } from './client.ts'
import { createReadyWorld, gib, heavyChain, phaseAt, type World } from './world.ts'

const worldFor = async (t: Test): Promise<World> => {
  const world = await createReadyWorld({ vnos: ['alice', 'bob'] })
  t.teardown(() => world.close())
  return world
}

const apply = (world: World, name: string, nodes: number, memoryBytes: number, vno = 'alice') =>
  world.settled(world.ask(vno, { apply: { request: heavyChain(name, nodes, memoryBytes) } }))
const explain = async (world: World, vnet: string, role = 'alice') =>
  (await world.settled(world.ask(role, { explain: { vnet } }))).explanation as Explanation
const ready = (world: World, vnet: string) =>
  world.until('it is ready', async () => (await phaseAt(world, 'alice', vnet)) === 'PHASE_READY')

t.test(
  'of a VNet that stands it is told what would be if a node were elsewhere, and what is left on its links',
  async (t) => {
    const world = await worldFor(t)
    await apply(world, 'full', 1, 3.5 * gib, 'bob')
    await apply(world, 'shop', 2, 1 * gib)
    await ready(world, 'shop')
    const { vnet: bobs } = await world.ask('bob', { get: { vnet: 'full' } })
    const taken = bobs?.nodes[0]?.host as string
    const { error, nodes, links, incomplete } = await explain(world, 'shop')
    t.equal(error, undefined)
    t.notOk(incomplete)
    t.same(
      nodes.map(({ id }) => id),
      ['r1', 'r2'],
    )
    const { vnet: state } = await world.ask('alice', { get: { vnet: 'shop' } })
    for (const { id, host, others } of nodes) {
      t.equal(host, state?.nodes.find((node) => node.id === id)?.host)
      t.same([host, ...others.map((one) => one.host)].toSorted(), ['h1', 'h2', 'h3'], 'every host is spoken of')
      t.ok(others.every(({ provider }) => provider === 'pip1'))
      t.match(
        others.find((one) => one.host === taken),
        { error: { code: 'admission.not-now', message: /memory/ } },
      )
      t.ok(
        others.some((one) => !one.error),
        'the third host would do',
      )
    }
    const [link] = links
    t.equal(link?.id, 'r1-r2')
    const { path } = state?.links[0] ?? {}
    t.same(link?.path, path)
    if (path?.length === 3) {
      t.match(link, { delayMicroseconds: 200, leftAToBBitsPerSecond: 990e6, leftBToABitsPerSecond: 990e6 })
      t.match(link?.tightestAToB, /^h\d-core$/)
    }
  },
)

t.test('a host that is not connected is told as that', async (t) => {
  const world = await worldFor(t)
  await apply(world, 'shop', 1, gib)
  await ready(world, 'shop')
  const { vnet } = await world.ask('alice', { get: { vnet: 'shop' } })
  const other = ['h1', 'h2', 'h3'].find((host) => host !== vnet?.nodes[0]?.host) as string
  world.agents.get(other)?.stop()
  await world.quiesce()
  const { nodes } = await explain(world, 'shop')
  t.match(
    nodes[0]?.others.find(({ host }) => host === other),
    { error: { code: 'call.unreachable' } },
  )
})

t.test('of a VNet that waits it is told for what, and where each node could be by itself', async (t) => {
  const world = await worldFor(t)
  await apply(world, 'full', 2, 3 * gib, 'bob')
  const { vnet } = await apply(world, 'shop', 2, 2.5 * gib)
  t.equal(vnet?.phase, 'PHASE_POSTPONED')
  const { error, nodes, links } = await explain(world, 'shop')
  // Each would fit on the host that is left, but not both.
  t.equal(vnet?.error?.code, error?.code)
  t.equal(vnet?.error?.message, error?.message)
  t.equal(links.length, 0)
  for (const { host, others } of nodes) {
    t.equal(host, '')
    t.equal(others.filter((one) => !one.error).length, 1, 'by itself each fits on the free host')
    t.equal(others.filter((one) => one.error?.code === 'admission.not-now').length, 2)
  }
  t.match(await explain(world, 'alice.shop', 'vnp1'), { vnet: 'alice.shop', error: { code: 'admission.not-now' } })
})

t.test('who may not see a VNet is told nothing of it', async (t) => {
  const world = await worldFor(t)
  await apply(world, 'shop', 1, gib)
  await ready(world, 'shop')
  await t.rejects(world.settled(world.ask('bob', { explain: { vnet: 'shop' } })), { code: 'vnet.unknown' })
  const stranger = createClient(world, 'vnp7', 'pip1')
  await t.rejects(stranger.ask({ explain: { vnet: 'alice.shop' } }), { code: 'owner.denied' })
  await t.rejects(stranger.ask({ explain: { vnet: 'alice.other' } }), { code: 'vnet.unknown' })
  await t.rejects(stranger.ask({ explain: { vnet: 'x.y', part: { name: 'no name' } } }), { code: 'request.invalid' })
  t.equal((await explain(world, 'alice.shop', 'pip1')).nodes.length, 1, "the PIP's own operator is")
  await stranger.session.close()
})
