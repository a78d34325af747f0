import t, { type Test } from 'tap'
import { open } from '../../proto/envelope.ts'
import type { ApiRequest, VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { topics } from '../../proto/topics.ts'
import { createClient } from './client.ts'
import { chain, createReadyWorld, gib, heavyChain, phaseAt, type World, type WorldOptions } from './world.ts'

const worldFor = async (t: Test, options: WorldOptions = {}): Promise<World> => {
  const world = await createReadyWorld({ advertise: 'full', ...options })
  t.teardown(() => world.close())
  // What the hosts are has been advertised.
  await world.idle()
  return world
}

const apply = async (world: World, request: VNetRequest, discovery: string): Promise<VNetState> => {
  const reply = await world.settled(world.ask('alice', { apply: { request, discovery, noWait: true } }))
  return reply.vnet as VNetState
}

const ready = async (world: World, vnet: string): Promise<VNetState> => {
  await world.until(`${vnet} is ready`, async () => (await phaseAt(world, 'alice', vnet)) === 'PHASE_READY')
  return (await world.ask('alice', { get: { vnet } })).vnet as VNetState
}

const remove = async (world: World, vnet: string): Promise<void> => {
  await world.settled(world.ask('alice', { delete: { vnet } }))
  await world.idle()
  t.equal(await phaseAt(world, 'alice', vnet), 'unknown')
}

/** What the VNP asked a PIP, in order. */
const calls = (world: World, pip = 'pip1'): readonly ApiRequest[] =>
  world.broker.published
    .filter(({ topic }) => topic === topics.apiRequest(pip, 'vnp1'))
    .map(({ payload }) => open('ApiRequest', payload).message)
const verbs = (world: World, from: number): readonly string[] =>
  calls(world)
    .slice(from)
    .map((call) => Object.entries(call).find(([, body]) => body !== undefined)?.[0] ?? '')

const where = ({ nodes, links }: VNetState) => ({
  nodes: nodes.map(({ id, provider, host, hypervisor }) => ({ id, provider, host, hypervisor })),
  links: links.map(({ id, technology, mtu, path }) => ({ id, technology, mtu, path })),
})

t.test('both ways give the same VNet, and say who mapped it and how long it took', async (t) => {
  const world = await worldFor(t)
  const request = heavyChain('shop', 6, 1.5 * gib)
  const built: VNetState[] = []
  for (const [discovery, asked] of [
    ['pip', ['offer', 'commit']],
    ['vnp', ['reserve', 'commit']],
  ] as const) {
    const before = calls(world).length
    t.equal((await apply(world, request, discovery)).discovery, discovery)
    built.push(await ready(world, 'shop'))
    t.same(verbs(world, before), asked, `${discovery}: one call finds and holds it, one builds it`)
    await remove(world, 'shop')
  }
  const [atPip, atVnp] = built as [VNetState, VNetState]
  t.same(where(atVnp), where(atPip))
  t.same(atVnp.request, atPip.request, 'and so is all that was allocated')
  for (const { timings } of built) {
    t.same(
      timings.map(({ name }) => name),
      ['request', 'discovery', 'mapping', 'reservation', 'nodes', 'links'],
    )
  }
  t.same(world.violations(), [])
})

t.test('a provider that advertises nothing is asked', async (t) => {
  const world = await worldFor(t, { advertise: 'none' })
  t.equal((await apply(world, chain('shop', 3), 'vnp')).discovery, 'pip')
  await ready(world, 'shop')
  await t.rejects(apply(world, chain('other', 3), 'elsewhere'), { code: 'message.malformed', hint: 'pip or vnp' })
})

t.test('of several providers the cheapest carries it, whoever maps; what others held is given back', async (t) => {
  const pips = { pip1: ['h1', 'h2'], pip2: ['h3'] }
  for (const discovery of ['pip', 'vnp']) {
    const world = await worldFor(t, { pips })
    // On one host no link takes any of the substrate's.
    await apply(world, heavyChain('shop', 2, 1.5 * gib), discovery)
    const { nodes } = await ready(world, 'shop')
    t.same(new Set(nodes.map(({ provider }) => provider)).size, 1)
    await world.idle()
    const [rows1, rows2] = [await world.rows('pip1'), await world.rows('pip2')]
    t.equal(rows1.length + rows2.length, 1, 'nothing is held beside it')
    t.same(await world.rows('vnp1'), ['vnet/alice.shop'])
  }
})

t.test('where others were quicker the VNP maps again by what stands now', async (t) => {
  const world = await worldFor(t)
  const other = createClient(world, 'vnp9', 'pip1')
  // Held before the VNP can hear of it: the reservation is answered, and the change is told only after.
  const taken = await other.ask({
    reserve: { reservation: 'r9', part: { ...heavyChain('any', 1, 3 * gib), name: 'bob.big' } },
  })
  const host = taken.reservation?.state?.nodes[0]?.host
  const before = calls(world).length
  const state = await apply(world, heavyChain('shop', 2, 3 * gib), 'vnp')
  t.same(verbs(world, before), ['reserve', 'advertisement', 'reserve', 'commit'])
  t.equal(state.discovery, 'vnp')
  const { nodes } = await ready(world, 'shop')
  t.notOk(nodes.some((node) => node.host === host))
  t.same(world.violations(), [])
})

t.test('what has no room by the advertisement is refused by the PIP, in its words', async (t) => {
  const world = await worldFor(t)
  const never = await apply(world, heavyChain('shop', 1, 99 * gib), 'pip').catch((error: unknown) => error)
  await t.rejects(apply(world, heavyChain('shop', 1, 99 * gib), 'vnp'), never as Error)
  await apply(world, heavyChain('shop', 3, 3 * gib), 'vnp')
  await t.rejects(apply(world, heavyChain('other', 1, 2 * gib), 'vnp'), { code: 'admission.not-now' })
  await world.idle()
  t.same(await world.rows('vnp1'), ['vnet/alice.shop'])
})

t.test('a change that the VNP maps moves nothing that stands', async (t) => {
  const world = await worldFor(t)
  await apply(world, heavyChain('shop', 3, 2.5 * gib), 'pip')
  const first = await ready(world, 'shop')
  await world.idle()
  // What stands fills the hosts: without taking off what is its own, nothing would fit.
  const wider = heavyChain('shop', 4, 2.5 * gib)
  const request = {
    ...wider,
    nodes: wider.nodes.map((node) => (node.id === 'r4' ? { ...node, memoryBytes: gib } : node)),
  }
  t.match(await apply(world, request, 'vnp'), { generation: 2, discovery: 'vnp' })
  const second = await ready(world, 'shop')
  t.same(where(second).nodes.slice(0, 3), where(first).nodes)
  t.same(where(second).links.slice(0, 2), where(first).links)
  t.equal(second.nodes.length, 4)

  t.comment('also after a restart of the VNP')
  await world.idle()
  world.start('vnp1')
  await world.idle()
  const rates = { ...request, links: request.links.map((link) => ({ ...link, rateAToBBitsPerSecond: 20e6 })) }
  t.match(await apply(world, rates, 'vnp'), { generation: 3, discovery: 'vnp' })
  t.same(where(await ready(world, 'shop')), where(second))
  t.same(world.violations(), [])
})

t.test('a PIP that was restarted is mapped onto by what it advertises then', async (t) => {
  const world = await worldFor(t)
  await apply(world, heavyChain('shop', 3, 3 * gib), 'vnp')
  await ready(world, 'shop')
  world.start('pip1')
  await world.idle()
  await remove(world, 'shop')
  t.equal((await apply(world, heavyChain('again', 3, 3 * gib), 'vnp')).discovery, 'vnp')
  await ready(world, 'again')
  t.same(world.violations(), [])
})

t.test('what the provider made again elsewhere stays there, though the VNP had mapped it', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 1), 'vnp')
  const before = await ready(world, 'shop')
  const home = before.nodes[0]?.host ?? ''
  world.agents.get(home)?.powerOff()
  await world.quiesce()
  await world.settled(world.ask('pip1', { fence: { host: home, confirmed: true } }))
  await world.until('it is made elsewhere', async () => (await ready(world, 'shop')).nodes[0]?.host !== home)
  world.agents.get(home)?.powerOn()
  await world.idle()
  const there = (await ready(world, 'shop')).nodes[0]?.host
  t.not(there, home)
  await apply(world, { ...chain('shop', 2) }, 'vnp')
  t.equal((await ready(world, 'shop')).nodes[0]?.host, there)
})
