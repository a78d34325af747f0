import t, { type Test } from 'tap'
import { create, type Init } from '../../proto/codec.ts'
import type { Node, UseHandler, VNetState } from '../../proto/generated/weft.v1.ts'
import {
  chain,
  createReadyWorld,
  gib,
  heavyChain,
  hostInventory,
  phaseAt,
  type World,
  type WorldOptions,
} from './world.ts'

const worldFor = async (t: Test, options?: WorldOptions): Promise<World> => {
  const world = await createReadyWorld(options)
  t.teardown(() => world.close())
  return world
}

const withClick = (nodes: readonly Node[]): Node[] =>
  nodes.map((node) => ({ ...node, interfaces: node.interfaces.map((one) => ({ ...one, forwarding: 'click' })) }))

const apply = async (world: World, request: ReturnType<typeof chain>, expectedGeneration = 0): Promise<VNetState> => {
  const reply = await world.settled(world.ask('alice', { apply: { request, expectedGeneration } }))
  return reply.vnet as VNetState
}

const ready = (world: World, vnet: string, role = 'alice'): Promise<void> =>
  world.until(`${vnet} is ready`, async () => (await phaseAt(world, role, vnet)) === 'PHASE_READY')

const stateAt = async (world: World, role: string, vnet: string): Promise<VNetState> =>
  (await world.ask(role, { get: { vnet } })).vnet as VNetState

const nothingLeft = async (t: Test, world: World): Promise<void> => {
  await world.quiesce()
  for (const role of ['alice', 'vnp1', 'pip1']) t.same(await world.rows(role), [], `${role} keeps no row`)
  const left = world.broker.retained().filter((topic) => /desired|reported|api\/vnet/.test(topic))
  t.same(left, [], 'the broker keeps no message')
  for (const agent of world.agents.values()) t.equal(agent.nodes.size, 0, `${agent.host} has nothing`)
  t.same(world.violations(), [])
}

t.test(
  'a request becomes nodes on hosts, and its outcome comes back with where, how long and what was allocated',
  async (t) => {
    const world = await worldFor(t)
    const accepted = await apply(world, heavyChain('shop', 6, 1.5 * gib))
    t.equal(accepted.generation, 1)
    t.match(accepted.phase, /BUILDING|READY/)
    await ready(world, 'shop')
    const state = await stateAt(world, 'alice', 'shop')
    t.equal(new Set(state.nodes.map(({ host }) => host)).size, 3, 'two nodes of 1.5 GiB on each host of 4 GiB')
    t.ok(
      state.nodes.every(
        ({ provider, state: one, domain }) => provider === 'pip1' && one === 'OBJECT_STATE_READY' && domain,
      ),
    )
    t.ok(state.links.every(({ state: one, path }) => one === 'OBJECT_STATE_READY' && path.length > 0))
    const interfaces = state.request?.nodes.flatMap((node) => node.interfaces) ?? []
    t.equal(interfaces.length, 10)
    t.ok(interfaces.every(({ mac, addresses }) => mac !== '' && addresses.length === 1))
    t.equal(new Set(interfaces.map(({ mac }) => mac)).size, 10)
    t.same(
      state.timings.map(({ name }) => name),
      ['request', 'discovery', 'mapping', 'reservation', 'nodes', 'links'],
    )
    t.match(await stateAt(world, 'vnp1', 'alice.shop'), { vnet: 'alice.shop', owner: 'alice' })
    t.match(await stateAt(world, 'pip1', 'alice.shop'), { vnet: 'alice.shop', owner: 'vnp1', phase: 'PHASE_READY' })
    t.same(world.violations(), [])
  },
)

t.test('a removed VNet leaves no row and no message', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 4))
  await ready(world, 'shop')
  const reply = await world.settled(world.ask('alice', { delete: { vnet: 'shop' } }))
  t.match(reply.vnet?.phase, /REMOVING|GONE/)
  await world.until('it is gone', async () => (await phaseAt(world, 'alice', 'shop')) === 'unknown')
  await world.until(
    'all is cleared',
    async () => (await world.rows('pip1')).length + (await world.rows('vnp1')).length === 0,
  )
  await nothingLeft(t, world)
  await t.rejects(world.ask('alice', { delete: { vnet: 'shop' } }), { code: 'vnet.unknown' })

  t.comment('and the same name can be used again')
  await apply(world, chain('shop', 3))
  await ready(world, 'shop')
  t.same(world.violations(), [])
})

t.test('the same request again changes nothing', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 3))
  await ready(world, 'shop')
  const before = world.broker.published.length
  const again = await apply(world, chain('shop', 3))
  t.equal(again.generation, 1)
  const desired = world.broker.published.slice(before).filter(({ topic }) => topic.includes('/desired/'))
  t.same(desired, [], 'no host is told anything')
})

t.test('a change touches only what changed', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 4))
  await ready(world, 'shop')
  const before = await stateAt(world, 'alice', 'shop')
  t.equal((await apply(world, chain('shop', 5))).generation, 2)
  await ready(world, 'shop')
  const grown = await stateAt(world, 'alice', 'shop')
  t.equal(grown.nodes.length, 5)
  for (const node of before.request?.nodes ?? []) {
    const now = grown.request?.nodes.find(({ id }) => id === node.id)
    for (const one of node.interfaces) {
      t.match(
        now?.interfaces.find(({ index }) => index === one.index),
        { mac: one.mac, addresses: one.addresses },
      )
    }
    t.equal(grown.nodes.find(({ id }) => id === node.id)?.host, before.nodes.find(({ id }) => id === node.id)?.host)
  }
  t.equal((await apply(world, chain('shop', 2), 2)).generation, 3)
  await ready(world, 'shop')
  const nodes = [...world.agents.values()].flatMap((agent) => [...agent.nodes])
  t.same(nodes.sort(), ['alice.shop/r1', 'alice.shop/r2'])
  for (const agent of world.agents.values())
    for (const [node, times] of agent.made) t.equal(times, 1, `${node} was made once`)
  await world.until('what was left is cleared', () => {
    const desired = world.broker.retained().filter((topic) => topic.includes('/desired/'))
    return (
      desired.length === new Set(grown.nodes.filter(({ id }) => ['r1', 'r2'].includes(id)).map(({ host }) => host)).size
    )
  })
  t.same(world.violations(), [])
})

t.test('a refused request changes nothing and names the binding constraint', async (t) => {
  const world = await worldFor(t)
  const huge = heavyChain('huge', 2, 100 * gib)
  await t.rejects(apply(world, huge), { code: 'admission.never-fits' })
  await nothingLeft(t, world)

  await apply(world, chain('shop', 3))
  await ready(world, 'shop')
  const before = await stateAt(world, 'alice', 'shop')
  const large = heavyChain('shop', 3, 5 * gib)
  await t.rejects(apply(world, large), { code: /admission/ })
  await world.until('reservations are given back', async () => (await world.rows('vnp1')).length === 1)
  t.match(await stateAt(world, 'alice', 'shop'), {
    generation: before.generation,
    phase: 'PHASE_READY',
    request: before.request,
  })
  t.same(await world.rows('pip1'), ['vnet/alice.shop'])
  t.same(world.violations(), [])
})

t.test('what does not fit beside others waits, and is built once they are gone', async (t) => {
  const world = await worldFor(t)
  const big = (name: string) => heavyChain(name, 3, 3 * gib)
  await apply(world, big('one'))
  t.match(await apply(world, big('two')), { phase: 'PHASE_POSTPONED', error: { code: 'admission.not-now' } })
  await world.settled(world.ask('alice', { delete: { vnet: 'one' } }))
  await ready(world, 'two')
  t.same(world.violations(), [])
})

t.test('a bad request answers all its errors at once', async (t) => {
  const world = await worldFor(t)
  const request = chain('shop', 2, { prefix: 'nonsense', links: [] })
  const role = await world.role('alice')
  const reply = await role.answerLocal(
    create('ApiRequest', { apply: { request: { ...request, name: 'Shop!' } } }),
    'local',
  )
  t.equal(reply.error?.code, 'request.invalid')
  t.ok(reply.moreErrors.length > 0)
  t.same(await world.rows('vnp1'), [])
})

t.test(
  'links of any technology that crosses a fabric are built, numbered and given back; others are refused with the reason',
  async (t) => {
    const technologies = ['vxlan', 'gre', 'etherip', 'ipip', 'mpls']
    const datapaths = [
      { name: 'bridge', technologies: ['vxlan', 'gre'] },
      { name: 'click', technologies },
    ]
    const world = await worldFor(t, { inventory: (host) => hostInventory(host, { datapaths }) })
    /** Two nodes that no host has room for together. */
    const apart = (technology: string) => {
      const { nodes, links, ...asked } = heavyChain(`of-${technology}`, 2, 2.1 * gib)
      return { ...asked, nodes: withClick(nodes), links: links.map((link) => ({ ...link, technology })) }
    }
    const segmentsOf = (vnet: string) =>
      [...world.agents.values()]
        .flatMap(({ slices }) => slices.get(`alice.${vnet}`)?.links ?? [])
        .flatMap(({ segments, far }) => segments.map((segment) => ({ ...segment, far })))
    for (const technology of ['vxlan', 'gre', 'etherip', 'ipip']) {
      await apply(world, apart(technology))
      await ready(world, `of-${technology}`)
      const [link] = (await stateAt(world, 'alice', `of-${technology}`)).links
      t.match(link, { technology, mtu: Number })
      const [one, other] = segmentsOf(`of-${technology}`)
      t.match(one, {
        technology,
        local: other?.remote,
        remote: other?.local,
        identifier: other?.identifier,
        nextHop: '',
      })
      const isOfPrefix = technology === 'etherip' || technology === 'ipip'
      t.match(one?.local, isOfPrefix ? /^198\.18\.\d\.1$/ : /^10\.255\.0\.\d$/)
      t.equal(one?.far !== undefined, technology === 'ipip')
      await world.settled(world.ask('alice', { delete: { vnet: `of-${technology}` } }))
      await world.idle()
    }
    await t.rejects(apply(world, apart('mpls')), {
      code: 'admission.never-fits',
      message: /mpls .*stays on one Ethernet segment, and every path crosses a routed network \(core\)/,
      hint: 'technology vxlan, gre, etherip, ipip',
    })
    await nothingLeft(t, world)
  },
)

t.test('nodes that click joins are all on one host that has it, and refused where none has', async (t) => {
  const datapaths = [{ name: 'bridge', technologies: ['vxlan'] }, { name: 'click' }]
  const inventory = (host: string) => hostInventory(host, host === 'h2' ? { datapaths } : {})
  const world = await worldFor(t, { inventory })
  const { nodes } = chain('shop', 6)
  await apply(world, chain('shop', 6, { nodes: withClick(nodes) }))
  await ready(world, 'shop')
  const { nodes: placed, links, request } = await stateAt(world, 'alice', 'shop')
  t.same([...new Set(placed.map(({ host }) => host))], ['h2'])
  t.ok(links.every(({ path }) => path.length <= 1))
  t.ok(
    request?.nodes.every(({ interfaces }) => interfaces.every(({ forwarding, mac }) => forwarding === 'click' && mac)),
  )
  t.same(world.violations(), [])

  const tooMuch = heavyChain('more', 2, 3 * gib)
  await t.rejects(apply(world, { ...tooMuch, nodes: withClick(tooMuch.nodes) }), { code: /^admission\./ })
  const without = await worldFor(t)
  await t.rejects(apply(without, chain('shop', 2, { nodes: withClick(chain('shop', 2).nodes) })), {
    code: 'admission.never-fits',
    message: /the data path click/,
  })
})

t.test('the generation that its operator saw must stand', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 2))
  await t.rejects(apply(world, chain('shop', 3), 7), { code: 'generation.stale' })
  t.equal((await apply(world, chain('shop', 3), 1)).generation, 2)
})

t.test('plan says what would change and whether it would fit, and changes nothing', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 2))
  const plan = async (request: ReturnType<typeof chain>) =>
    (await world.settled(world.ask('alice', { plan: { request } }))).plan?.changes
  t.same(await plan(chain('shop', 2)), [])
  t.ok(
    (await plan(chain('shop', 3)))?.some(
      ({ object, action }) => object === 'node/r3' && action === 'CHANGE_ACTION_ADD',
    ),
  )
  const huge = heavyChain('shop', 2, 100 * gib)
  await t.rejects(plan(huge), { code: 'admission.never-fits' })
  t.equal((await stateAt(world, 'alice', 'shop')).generation, 1)
})

t.test('a command in a node is relayed to its host and its result back', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 2))
  await ready(world, 'shop')
  const run = (node: string) =>
    world.settled(world.ask('alice', { exec: { vnet: 'shop', node, argv: ['ping', '-c1', '10.1.0.2'] } }))
  const { exec } = await run('r2')
  t.match(exec, { exitStatus: 7 })
  t.equal(Buffer.from(exec?.stdout ?? []).toString(), 'r2: ping -c1 10.1.0.2\n')
  await t.rejects(run('r9'), { code: 'node.unknown' })
  const host = (await stateAt(world, 'alice', 'shop')).nodes.find(({ id }) => id === 'r2')?.host ?? ''
  world.agents.get(host)?.stop()
  await world.quiesce()
  await t.rejects(run('r2'), { code: 'call.unreachable' })
})

t.test('a link shows its hops with what each host counted; one that is away has its error in its place', async (t) => {
  const world = await worldFor(t)
  // Each node fills a host.
  await apply(world, heavyChain('shop', 3, 3 * gib))
  await ready(world, 'shop')
  const describe = (link = 'r1-r2') => world.settled(world.ask('alice', { link: { vnet: 'shop', link } }))
  const { links, nodes } = await stateAt(world, 'alice', 'shop')
  const path = links.find(({ id }) => id === 'r1-r2')?.path
  const { link: view } = await describe()
  t.match(view, { id: 'r1-r2', technology: 'vxlan', mtu: 1500 })
  const [first, last] = view?.hops ?? []
  t.equal(view?.hops.length, 2)
  t.same([first?.host, last?.host], [path?.[0], path?.at(-1)], 'in the order of the ends')
  t.match(first, { provider: 'pip1', technology: 'vxlan', identifier: Number, nic: 'eth0', error: undefined })
  t.match(last, { provider: 'pip1', technology: '', nic: 'eth0' })
  t.match(last?.counters, {
    datapath: 'bridge',
    directions: [
      { from: 'r2.0', to: first?.host, packets: 1, bytes: 60 },
      { from: first?.host, to: 'r2.0', drops: [{ reason: 'rate', packets: 2 }] },
    ],
  })
  await t.rejects(describe('r1-r9'), { code: 'link.unknown', object: 'link/r1-r9' })
  const away = nodes.find(({ id }) => id === 'r2')?.host ?? ''
  world.agents.get(away)?.stop()
  await world.quiesce()
  t.match((await describe()).link?.hops, [
    { counters: { datapath: 'bridge' }, error: undefined },
    { host: away, counters: undefined, error: { code: 'call.unreachable' } },
  ])
})

t.test('handlers of an operator’s own Click are reached through the roles, by the owner alone', async (t) => {
  const world = await worldFor(t, { vnos: ['alice', 'bob'] })
  await apply(world, chain('shop', 2))
  await ready(world, 'shop')
  const use = (handler: Init<UseHandler>, who = 'alice') =>
    world.settled(
      world.ask(who, { handler: { vnet: 'shop', node: 'r2', interface: 0, handler: 'c.count', ...handler } }),
    )
  t.match((await use({})).router?.handlers, [{ name: 'c.count', value: 'r2.0' }])
  t.match((await use({ write: true, value: '7' })).router?.handlers, [{ value: 'wrote 7' }])
  await t.rejects(use({ node: 'r9' }), { code: 'node.unknown' })
  await t.rejects(use({}, 'bob'), { code: 'vnet.unknown' })
  for (const role of ['vnp1', 'pip1']) {
    await t.rejects(use({ vnet: 'alice.shop' }, role), { code: 'verb.unsupported' }, `not by the operator of ${role}`)
    const link = world.settled(world.ask(role, { link: { vnet: 'alice.shop', link: 'r1-r2' } }))
    await t.rejects(link, { code: 'verb.unsupported' })
  }
})

t.test('how a node ended and how often it came back reaches its operator', async (t) => {
  const world = await worldFor(t)
  await apply(world, chain('shop', 3))
  await ready(world, 'shop')
  for (const times of [1, 2]) {
    for (const agent of world.agents.values()) agent.crash('r2')
    await world.until(`crash ${times} is told`, async () => {
      const { nodes } = await stateAt(world, 'alice', 'shop')
      return nodes.find(({ id }) => id === 'r2')?.restarts === times
    })
  }
  const { nodes, phase } = await stateAt(world, 'alice', 'shop')
  t.equal(phase, 'PHASE_READY')
  t.match(
    nodes.find(({ id }) => id === 'r2'),
    { restarts: 2, lastEnd: { how: 'crashed', reason: 'it was told to, 2', unixMs: 2 } },
  )
  t.match(
    nodes.filter(({ id }) => id !== 'r2'),
    [{ restarts: 0, lastEnd: undefined }, { restarts: 0 }],
  )
})

t.test('a node that fails shows as degraded with its error, and ready once it is built', async (t) => {
  const world = await worldFor(t)
  for (const agent of world.agents.values()) agent.failing.add('r2')
  await apply(world, chain('shop', 3))
  await world.until('it is degraded', async () => (await phaseAt(world, 'alice', 'shop')) === 'PHASE_DEGRADED')
  const state = await stateAt(world, 'alice', 'shop')
  t.match(
    state.nodes.find(({ id }) => id === 'r2'),
    { state: 'OBJECT_STATE_FAILED', error: { code: 'hypervisor.failed' } },
  )
  for (const agent of world.agents.values()) {
    agent.failing.clear()
    agent.retry()
  }
  await ready(world, 'shop')
  t.same((await stateAt(world, 'alice', 'shop')).error, undefined)
})

t.test('two operators use the same names and see only their own', async (t) => {
  const world = await worldFor(t, { vnos: ['alice', 'bob'] })
  await apply(world, chain('shop', 2))
  await world.settled(world.ask('bob', { apply: { request: chain('shop', 3) } }))
  await ready(world, 'shop')
  await ready(world, 'shop', 'bob')
  t.equal((await stateAt(world, 'bob', 'shop')).nodes.length, 3)
  await world.settled(world.ask('bob', { delete: { vnet: 'shop' } }))
  await world.until('bob’s is gone', async () => (await phaseAt(world, 'bob', 'shop')) === 'unknown')
  t.equal(await phaseAt(world, 'alice', 'shop'), 'PHASE_READY')
  t.same(
    (await world.ask('vnp1', { get: { vnet: '' } })).vnets?.vnets.map(({ vnet }) => vnet),
    ['alice.shop'],
  )
  t.same(world.violations(), [])
})

t.test('its operator can follow a VNet from the snapshot to its end', async (t) => {
  const world = await worldFor(t)
  const seen: string[] = []
  const abort = new AbortController()
  const role = await world.role('alice')
  const request = create('ApiRequest', { watch: { vnet: 'shop' } })
  const stream = role.stream(request, ({ vnet }) => void seen.push(vnet?.phase ?? ''), abort.signal)
  await apply(world, chain('shop', 2))
  await ready(world, 'shop')
  await world.settled(world.ask('alice', { delete: { vnet: 'shop' } }))
  await world.until('its end is told', () => seen.at(-1) === 'PHASE_GONE')
  abort.abort()
  t.equal(await stream, true)
  t.match(
    seen.filter((phase, i) => phase !== seen[i - 1]),
    ['PHASE_BUILDING', 'PHASE_READY', 'PHASE_REMOVING', 'PHASE_GONE'],
  )
  t.equal(
    await role.stream(create('ApiRequest', { get: { vnet: '' } }), () => {}, abort.signal),
    false,
    'other verbs are no streams',
  )
})
