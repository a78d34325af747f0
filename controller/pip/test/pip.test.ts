import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import type { ApiReply, VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { claimEpoch } from '../../roles/epoch.ts'
import { type Client, createClient } from '../../test/client.ts'
import { chain, createReadyWorld, gib, heavyChain, phaseAt, type World, type WorldOptions } from '../../test/world.ts'

const setUp = async (t: Test, options: WorldOptions = {}): Promise<{ world: World; vnp: Client }> => {
  const world = await createReadyWorld({ vnps: [], vnos: [], ...options })
  t.teardown(() => world.close())
  return { world, vnp: createClient(world, 'vnp1', 'pip1') }
}

const part = (name: string, count = 3): VNetRequest => ({ ...chain('any', count), name: `alice.${name}` })
const heavy = (name: string, count: number, memory: number): VNetRequest => ({
  ...heavyChain('any', count, memory),
  name: `alice.${name}`,
})

const reserve = (client: Client, reservation: string, request: VNetRequest, leaseMs = 0): Promise<ApiReply> =>
  client.ask({ reserve: { reservation, part: request, leaseMs } })
const commit = async (client: Client, reservation: string): Promise<VNetState> =>
  (await client.ask({ commit: { reservation } })).vnet as VNetState
const lastTold = (world: World, vnet: string): string | undefined => {
  const topic = `${topics.apiVNet('pip1', 'vnp1', vnet)}/json`
  const last = world.broker.published.findLast((one) => one.topic === topic)
  return last && (JSON.parse(Buffer.from(last.payload).toString()) as { phase?: string }).phase
}
const build = async (world: World, client: Client, request: VNetRequest): Promise<void> => {
  const id = crypto.randomUUID()
  await reserve(client, id, request)
  await commit(client, id)
  await world.until('it is ready', async () => (await phaseAt(world, 'pip1', request.name)) === 'PHASE_READY')
  await world.until('that is told', () => lastTold(world, request.name) === 'PHASE_READY')
}

const desired = (world: World): readonly string[] =>
  world.broker.retained().filter((topic) => topic.includes('/desired/'))

t.test('an offer holds nothing', async (t) => {
  const { world, vnp } = await setUp(t)
  const first = await vnp.ask({ offer: { part: heavy('one', 3, 3 * gib) } })
  const second = await vnp.ask({ offer: { part: heavy('two', 3, 3 * gib) } })
  t.equal(first.offer?.error, undefined)
  t.ok((first.offer?.cost ?? 0) > 0)
  t.equal(second.offer?.error, undefined)
  t.match((await vnp.ask({ offer: { part: heavy('one', 1, 99 * gib) } })).offer, {
    error: { code: 'admission.never-fits' },
  })
  t.same(await world.rows('pip1'), [])
})

t.test('a reservation holds, and the same id has the same answer', async (t) => {
  const { world, vnp } = await setUp(t)
  const first = await reserve(vnp, 'r1', heavy('one', 3, 3 * gib))
  t.match(first.reservation, {
    reservation: 'r1',
    leaseMs: 60_000,
    state: { phase: 'PHASE_PENDING', vnet: 'alice.one' },
  })
  t.same(await reserve(vnp, 'r1', heavy('one', 3, 3 * gib)), first)
  await t.rejects(reserve(vnp, 'r2', heavy('two', 3, 3 * gib)), { code: 'admission.not-now' })
  t.same(await world.rows('pip1'), ['reservation/r1'])
  t.same(desired(world), [], 'no host is told anything')
  await vnp.ask({ release: { reservation: 'r1' } })
  await vnp.ask({ release: { reservation: 'r1' } })
  await reserve(vnp, 'r2', heavy('two', 3, 3 * gib))
})

t.test('a lease ends by itself, and is not committed after', async (t) => {
  const { world, vnp } = await setUp(t)
  await reserve(vnp, 'r1', heavy('one', 3, 3 * gib), 5000)
  const started = world.clock.now()
  await world.until('it ended', async () => (await world.rows('pip1')).length === 0)
  t.equal(world.clock.now() - started, 5000)
  await t.rejects(commit(vnp, 'r1'), { code: 'reservation.unknown' })
  t.match(await reserve(vnp, 'r2', part('one'), 9e8), { reservation: { leaseMs: 600_000 } }, 'none is longer than this')
})

t.test('a lease starts anew with the PIP, and ends then', async (t) => {
  const { world, vnp } = await setUp(t)
  await reserve(vnp, 'r1', part('one'), 5000)
  world.start('pip1')
  await world.quiesce()
  const started = world.clock.now()
  t.same(await world.rows('pip1'), ['reservation/r1'])
  await world.until('it ended', async () => (await world.rows('pip1')).length === 0)
  t.equal(world.clock.now() - started, 5000)
})

t.test('a commit is told to the hosts, also when it is repeated, but once', async (t) => {
  const { world, vnp } = await setUp(t)
  await reserve(vnp, 'r1', part('shop'))
  const state = await commit(vnp, 'r1')
  t.match(state, { vnet: 'alice.shop', owner: 'vnp1', generation: 1 })
  const before = world.broker.published.filter(({ topic }) => topic.includes('/desired/')).length
  t.match(await commit(vnp, 'r1'), { generation: 1 })
  t.match(await reserve(vnp, 'r1', part('shop')), { reservation: { state: { generation: 1 } } }, 'nor reserved again')
  t.equal(world.broker.published.filter(({ topic }) => topic.includes('/desired/')).length, before)
  t.same(await world.rows('pip1'), ['vnet/alice.shop'])
})

t.test('a later reservation of a VNet takes the place of the one before', async (t) => {
  const { world, vnp } = await setUp(t)
  await reserve(vnp, 'r1', heavy('one', 3, 3 * gib))
  await reserve(vnp, 'r2', heavy('one', 3, 2 * gib))
  t.same(await world.rows('pip1'), ['reservation/r2'])
  await t.rejects(commit(vnp, 'r1'), { code: 'reservation.unknown' })
  await commit(vnp, 'r2')
})

t.test('only the client that made a VNet may touch it; the operator of the PIP sees it', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, part('shop'))
  await reserve(vnp, 'r9', part('shop', 4))
  const other = createClient(world, 'vnp2', 'pip1')
  const denied = { code: 'owner.denied' }
  await t.rejects(other.ask({ get: { vnet: 'alice.shop' } }), denied)
  await t.rejects(other.ask({ delete: { vnet: 'alice.shop' } }), denied)
  await t.rejects(other.ask({ offer: { part: part('shop') } }), denied)
  await t.rejects(reserve(other, 'r5', part('shop')), denied)
  await t.rejects(reserve(other, 'r9', part('shop', 4)), denied)
  await t.rejects(commit(other, 'r9'), denied)
  await t.rejects(other.ask({ release: { reservation: 'r9' } }), denied)
  await t.rejects(other.ask({ exec: { vnet: 'alice.shop', node: 'r1', argv: ['id'] } }), denied)
  await t.rejects(other.ask({ link: { vnet: 'alice.shop', link: 'r1-r2' } }), denied)
  await t.rejects(other.ask({ handler: { vnet: 'alice.shop', node: 'r1', handler: 'c.count' } }), denied)
  t.same((await other.ask({ get: { vnet: '' } })).vnets?.vnets, [])
  t.equal((await vnp.ask({ get: { vnet: '' } })).vnets?.vnets.length, 1)
  t.equal(await phaseAt(world, 'pip1', 'alice.shop'), 'PHASE_READY')
  await t.rejects(world.ask('pip1', { delete: { vnet: 'alice.shop' } }), { code: 'verb.unsupported' })
  t.match(await world.rows('pip1'), ['vnet/alice.shop', 'reservation/r9'])
})

t.test('no client of the broker passes for the operator of the PIP', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, part('shop'))
  const impostor = createClient(world, 'local', 'pip1')
  await t.rejects(impostor.ask({ get: { vnet: '' } }), { code: 'owner.denied' })
  await t.rejects(impostor.ask({ get: { vnet: 'alice.shop' } }), { code: 'owner.denied' })
})

t.test('requests that are none are refused', async (t) => {
  const { vnp } = await setUp(t)
  await t.rejects(vnp.ask({}), { code: 'message.malformed' })
  await t.rejects(vnp.ask({ apply: { request: part('shop') } }), { code: 'verb.unsupported' })
  await t.rejects(vnp.ask({ hosts: {} }), { code: 'verb.unsupported' })
  await t.rejects(reserve(vnp, '../r', part('shop')), { code: 'message.malformed' })
  await t.rejects(reserve(vnp, 'r1', { ...part('shop'), name: 'shop' }), { code: 'request.invalid' })
  await t.rejects(vnp.ask({ reserve: { reservation: 'r1' } }), { code: 'message.malformed' })
  await t.rejects(vnp.ask({ get: { vnet: 'alice.none' } }), { code: 'vnet.unknown' })
  await t.rejects(vnp.ask({ delete: { vnet: 'alice.none' } }), { code: 'vnet.unknown' })
})

t.test('however many ask at once, nothing is given twice', async (t) => {
  const { world } = await setUp(t)
  const clients = ['vnp1', 'vnp2', 'vnp3'].map((name) => createClient(world, name, 'pip1'))
  // Three hosts of 4 GiB: twelve nodes of 1 GiB in all.
  const attempts = Array.from({ length: 40 }, async (_, i) => {
    const client = clients[i % clients.length] as Client
    const id = `r${i}`
    try {
      await reserve(client, id, heavy(`v${i}`, 1 + (i % 3), gib))
      if (i % 4 === 0) await client.ask({ release: { reservation: id } })
      else await commit(client, id)
      return i % 4 === 0 ? 0 : 1 + (i % 3)
    } catch (error) {
      if ((error as { code?: string }).code !== 'admission.not-now') throw error
      return 0
    }
  })
  const given = (await Promise.all(attempts)).reduce((sum, count) => sum + count, 0)
  await world.idle()
  let filled = given
  const fill = async () => {
    for (;;) {
      await build(world, clients[0] as Client, heavy(`f${filled}`, 1, gib))
      filled++
    }
  }
  await t.rejects(fill(), { code: 'admission.not-now' })
  t.ok(given > 6 && filled === 12, `${given} of 12 places were given at once, in the end ${filled}`)
  const nodes = [...world.agents.values()].flatMap((agent) => [...agent.nodes])
  t.equal(nodes.length, filled)
  t.same(world.violations(), [])
})

t.test('what a change gives up is not given to others before the hosts have let go of it', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, heavy('one', 3, 3 * gib))
  const last = (await vnp.ask({ get: { vnet: 'alice.one' } })).vnet?.nodes.find(({ id }) => id === 'r3')?.host ?? ''
  world.agents.get(last)?.stop()
  await reserve(vnp, 'smaller', heavy('one', 2, 3 * gib))
  await commit(vnp, 'smaller')
  world.agents.get(last)?.start()
  // The agent is back, but has not finished.
  await world.until('the host is back', async () => {
    const { hosts } = await world.ask('pip1', { hosts: {} })
    return hosts?.hosts.find(({ name }) => name === last)?.status?.online ?? false
  })
  await t.rejects(reserve(vnp, 'two', heavy('two', 1, 3 * gib)), { code: 'admission.not-now' })
  await world.idle()
  await reserve(vnp, 'two', heavy('two', 1, 3 * gib))
  await commit(vnp, 'two')
  await world.idle()
  t.same(world.violations(), [])
})

t.test('a new link is never given the tunnel of one that goes', async (t) => {
  const { world, vnp } = await setUp(t, { pips: { pip1: ['h1', 'h2'] } })
  const named = (link: string): VNetRequest => {
    const request = heavy('shop', 2, 3 * gib)
    return { ...request, links: request.links.map((one) => ({ ...one, id: link })) }
  }
  const identifiers = () =>
    [...world.agents.values()].map((agent) => agent.slices.get('alice.shop')?.links[0]?.segments[0]?.identifier)
  const seen: (number | undefined)[] = []
  for (const link of ['first', 'second', 'third']) {
    // The second change is decided while a host has not even heard of the first.
    if (link === 'second') world.agents.get('h1')?.stop()
    await reserve(vnp, link, named(link))
    await commit(vnp, link)
    await world.idle()
    seen.push(identifiers()[1])
  }
  t.equal(new Set(seen).size, 3, `${seen}`)
  world.agents.get('h1')?.start()
  await world.idle()
  t.same(identifiers(), [seen[2], seen[2]], 'both ends agree')
  t.same(world.violations(), [])
})

t.test('a host that is away takes nothing new, and is told everything when it is back', async (t) => {
  const { world, vnp } = await setUp(t)
  world.agents.get('h1')?.stop()
  world.agents.get('h2')?.stop()
  await world.quiesce()
  await t.rejects(reserve(vnp, 'big', heavy('big', 2, 3 * gib)), { code: 'admission.not-now' })
  await build(world, vnp, part('shop', 2))
  const { vnet } = await vnp.ask({ get: { vnet: 'alice.shop' } })
  t.same(new Set(vnet?.nodes.map(({ host }) => host)), new Set(['h3']))

  world.agents.get('h3')?.stop()
  await vnp.ask({ delete: { vnet: 'alice.shop' } })
  await world.idle()
  t.equal(await phaseAt(world, 'pip1', 'alice.shop'), 'PHASE_REMOVING', 'it is not gone while a host may have it')
  world.agents.get('h3')?.start()
  await world.idle()
  t.same(await world.rows('pip1'), [])
  t.same(desired(world), [])
})

t.test('a host that was away when it was cleared does not stop the VNet’s next life', async (t) => {
  const { world, vnp } = await setUp(t, { pips: { pip1: ['h1'] } })
  await build(world, vnp, part('shop', 2))
  await vnp.ask({ delete: { vnet: 'alice.shop' } })
  // It has reported gone, but never hears that this was cleared.
  const agent = world.agents.get('h1')
  await world.until('it is gone there', () => agent?.nodes.size === 0)
  agent?.stop()
  await world.idle()
  t.same(await world.rows('pip1'), [])
  agent?.start()
  await world.idle()
  t.same(
    world.broker.retained().filter((topic) => topic.includes('/reported/')),
    [],
    'what it says late is cleared too',
  )
  await build(world, vnp, part('shop', 2))
  const { vnet } = await vnp.ask({ get: { vnet: 'alice.shop' } })
  t.equal(vnet?.generation, 3, 'above all that it may remember')
  t.same(world.violations(), [])
})

t.test(
  'after a restart all is published under the next epoch, and the last state stands until the hosts answer',
  async (t) => {
    const { world, vnp } = await setUp(t)
    await build(world, vnp, part('shop'))
    const seen: string[] = []
    await vnp.session.subscribe(
      topics.apiVNet('pip1', 'vnp1', '+'),
      'VNetState',
      (state) => void seen.push(state?.phase ?? 'none'),
    )
    const before = [...(world.agents.get('h1')?.slices.values() ?? [])][0]
    const epochs: number[] = []
    await vnp.session.subscribe(topics.desired('pip1', '+', '+'), 'Slice', (slice, { retained }) => {
      if (slice && !retained) epochs.push(slice.epoch)
    })
    await world.quiesce()
    world.start('pip1')
    await world.idle()
    t.equal(new Set(epochs).size, 1, 'every host was told under one epoch')
    t.ok((epochs[0] ?? 0) > (before?.epoch ?? Number.POSITIVE_INFINITY), 'which is a later one')
    t.same(new Set(seen), new Set(['PHASE_READY']), 'nobody was told that it is being built')
    t.same(
      [...world.agents.values()].flatMap(({ made }) => [...made.values()]).filter((times) => times > 1),
      [],
    )
    t.same(world.violations(), [])
  },
)

t.test('who hears that a VNet is gone and asks at once is told the same', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, part('one'))
  const deleted = () =>
    vnp.ask({ delete: { vnet: 'alice.one' } }).then(
      ({ vnet }) => vnet?.phase,
      ({ code }: { code: string }) => code,
    )
  const answered = new Promise<string | undefined>((resolve) => {
    void vnp.session.subscribe(topics.apiVNet('pip1', 'vnp1', 'alice.one'), 'VNetState', (state) => {
      if (state?.phase === 'PHASE_GONE') resolve(deleted())
    })
  })
  world.broker.lateAcknowledgements = true
  t.equal(await deleted(), 'PHASE_REMOVING')
  t.equal(await world.settled(answered), 'vnet.unknown')
})

t.test('a broker that lost everything is told everything again', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, part('shop'))
  const before = world.broker.retained()
  world.broker.goDown()
  world.broker.comeUp({ forgetful: true })
  await world.idle()
  t.same(world.broker.retained(), before)
  t.equal(await phaseAt(world, 'pip1', 'alice.shop'), 'PHASE_READY')
  t.same(world.violations(), [])
})

t.test('messages that come twice do nothing twice', async (t) => {
  const { world, vnp } = await setUp(t)
  world.broker.duplicates = true
  await build(world, vnp, part('shop'))
  t.match((await vnp.ask({ get: { vnet: 'alice.shop' } })).vnet, { generation: 1 })
  await vnp.ask({ delete: { vnet: 'alice.shop' } })
  await world.idle()
  t.same(await world.rows('pip1'), [])
  t.same(world.violations(), [])
})

t.test('a controller whose epoch is over decides nothing any more', async (t) => {
  const { world, vnp } = await setUp(t)
  await claimEpoch(world.store('pip1'))
  await t.rejects(reserve(vnp, 'r1', part('shop')), { code: 'epoch.stale' })
  t.same(await world.rows('pip1'), [])
})

t.test('a later epoch of the domain is noticed', async (t) => {
  const { world, vnp } = await setUp(t)
  await vnp.session.publish(
    topics.controllerState('pip1'),
    'ControllerState',
    create('ControllerState', { online: true, epoch: 9_000 }),
    { retain: true },
  )
  await world.quiesce()
  t.same(world.violations(), ['pip1 at epoch 1 was told of epoch 9000'])
})

t.test('a late will of the connection before is corrected', async (t) => {
  const { world, vnp } = await setUp(t)
  let online: boolean | undefined
  await vnp.session.subscribe(topics.controllerState('pip1'), 'ControllerState', (state) => {
    online = state?.online
  })
  const topic = topics.controllerState('pip1')
  await vnp.session.publish(topic, 'ControllerState', create('ControllerState', { epoch: 1 }), { retain: true })
  await world.quiesce()
  t.equal(online, true)
})

t.test('a gap in a host’s events asks it to tell everything again', async (t) => {
  const { world } = await setUp(t)
  const agent = world.agents.get('h1')
  await agent?.event('node.started')
  await agent?.event('node.started')
  await world.quiesce()
  t.equal(agent?.resyncs, 0)
  await agent?.event('node.stopped', { skip: 2 })
  await world.quiesce()
  t.equal(agent?.resyncs, 1)
})

t.test('a host’s will that comes late is ignored', async (t) => {
  const { world, vnp } = await setUp(t)
  const agent = world.agents.get('h1')
  agent?.stop()
  agent?.start()
  await world.quiesce()
  const late = create('HostStatus', { online: false, bootId: 'boot-h1', session: 1 })
  await vnp.session.publish(topics.status('pip1', 'h1'), 'HostStatus', late, { retain: true })
  await world.quiesce()
  const { hosts } = await world.ask('pip1', { hosts: {} })
  t.match(hosts?.hosts[0], { name: 'h1', status: { online: true, session: 2 } })
})

t.test('a host that goes without a word is said to be away in JSON too', async (t) => {
  const { world } = await setUp(t)
  const topic = `${topics.status('pip1', 'h1')}/json`
  const last = () => world.broker.published.findLast((one) => one.topic === topic)
  const online = () =>
    (JSON.parse(Buffer.from(last()?.payload ?? '').toString()) as { online?: boolean }).online ?? false
  t.equal(online(), true)
  world.agents.get('h1')?.stop()
  await world.quiesce()
  t.equal(online(), false)
  world.agents.get('h1')?.start()
  await world.quiesce()
  t.equal(online(), true)
})

t.test('its operator sees hosts, what is reserved, and what is wrong with them', async (t) => {
  const { world, vnp } = await setUp(t)
  await build(world, vnp, heavy('one', 3, 3 * gib))
  const stray = create('Reported', { vnet: 'carol.old', generation: 3, epoch: 1, phase: 'PHASE_READY' })
  await vnp.session.publish(topics.reported('pip1', 'h2', 'carol.old'), 'Reported', stray, { retain: true })
  const hello = create('HostStatus', { online: true, session: 1 })
  await vnp.session.publish(topics.status('pip1', 'h9'), 'HostStatus', hello, { retain: true })
  await world.quiesce()
  const hosts = (await world.ask('pip1', { hosts: {} })).hosts?.hosts ?? []
  t.same(
    hosts.map(({ name }) => name),
    ['h1', 'h2', 'h3', 'h9'],
  )
  t.match(hosts[0], { reservedMemoryBytes: 3 * gib, reservedCpuMillis: 100, inventory: { cpus: 4 }, problems: [] })
  t.match(hosts[1]?.problems, [{ code: 'vnet.unknown', object: 'vnet/carol.old' }])
  t.match(hosts[3]?.problems, [{ code: 'substrate.mismatch', object: 'host/h9' }])
  t.match((await world.ask('pip1', { substrate: {} })).substrate, {
    name: 'pip1',
    nodes: [{ id: 'h1' }, {}, {}, { id: 'core' }],
  })
})

t.test('a client with nothing but JSON can ask, and read the state', async (t) => {
  const { world, vnp } = await setUp(t)
  const topic = topics.apiRequest('pip1', 'vnp1')
  const read = (name: string): string[] =>
    world.broker.published.filter((one) => one.topic === name).map(({ payload }) => Buffer.from(payload).toString())
  await build(world, vnp, part('shop'))
  t.equal(lastTold(world, 'alice.shop'), 'PHASE_READY', 'as build() waited for')
  world.broker.inject(`${topic}/json`, JSON.stringify({ correlation: 'c1', body: { get: { vnet: 'alice.shop' } } }))
  await world.quiesce()
  t.match(JSON.parse(read(`${topics.apiReply('pip1', 'vnp1')}/json`).at(-1) ?? ''), {
    correlation: 'c1',
    body: { vnet: { vnet: 'alice.shop', generation: '1' } },
  })
})
