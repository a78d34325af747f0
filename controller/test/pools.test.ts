import t, { type Test } from 'tap'
import type { Init } from '../../proto/codec.ts'
import type { Node, PoolEntry, VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { createClient } from './client.ts'
import { chain, createReadyWorld, gib, hostInventory, phaseAt, type World, type WorldOptions } from './world.ts'

const hosts = ['h1', 'h2', 'h3']
const small = '  small: { hypervisor: fake, cpu: 0.1, memory: 256 MiB, keep: 2 }'

const worldFor = async (t: Test, options: WorldOptions = {}): Promise<World> => {
  const world = await createReadyWorld({ pools: () => ['pools:', small], ...options })
  t.teardown(() => world.close())
  return world
}

const poolsAt = async (world: World): Promise<readonly PoolEntry[]> =>
  (await world.ask('pip1', { pools: {} })).pools?.pools ?? []

const idleAt = async (world: World): Promise<number> => (await poolsAt(world)).reduce((sum, { idle }) => sum + idle, 0)

const filled = (world: World, count = 6): Promise<void> =>
  world.until(`${count} nodes are idle`, async () => {
    const pools = await poolsAt(world)
    const busy = pools.some(({ building, taken, leaving, reserved }) => building + taken + leaving + reserved > 0)
    return !busy && (await idleAt(world)) === count
  })

/** Nodes that ask for nothing but to be taken. */
const pooled = (name: string, count: number, changes: Init<Node> = {}): VNetRequest => {
  const request = chain(name, count)
  const open = { allocation: 'preallocated', cpu: undefined, memoryBytes: 0, hypervisor: '' }
  return { ...request, nodes: request.nodes.map((node) => ({ ...node, ...open, ...changes }) as Node) }
}

const apply = async (world: World, request: VNetRequest): Promise<VNetState> =>
  (await world.settled(world.ask('alice', { apply: { request, noWait: true } }))).vnet as VNetState

const ready = (world: World, vnet: string): Promise<void> =>
  world.until(`${vnet} is ready`, async () => (await phaseAt(world, 'alice', vnet)) === 'PHASE_READY')

const gone = async (world: World, vnet: string): Promise<void> => {
  await world.settled(world.ask('alice', { delete: { vnet } }))
  await world.until(`${vnet} is gone`, async () => (await phaseAt(world, 'alice', vnet)) === 'unknown')
}

const agentsOf = (world: World) => [...world.agents.values()]
const nodesOf = (world: World): readonly string[] => agentsOf(world).flatMap(({ nodes }) => [...nodes])
const poolNodes = (world: World): readonly string[] => nodesOf(world).filter((node) => node.startsWith('pool-'))
const madeOf = (world: World): readonly string[] => agentsOf(world).flatMap(({ made }) => [...made.keys()])

t.test('a pool is filled, shown and counted as used', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  t.match(
    await poolsAt(world),
    hosts.map((host) => ({ host, idle: 2, shape: { name: 'small', hypervisor: 'fake', nodes: 2 }, error: undefined })),
  )
  const { hosts: list } = await world.ask('pip1', { hosts: {} })
  for (const entry of list?.hosts ?? []) {
    t.match(entry, { reservedCpuMillis: 200, reservedMemoryBytes: gib / 2, problems: [] })
    t.match(entry, { pooledNodes: 2, pooledCpuMillis: 200, pooledMemoryBytes: gib / 2 })
  }
  t.equal(poolNodes(world).length, 6)
  const told = agentsOf(world).flatMap(({ slices }) => slices.get('pool-small')?.nodes ?? [])
  for (const { interfaces } of told)
    t.same(
      interfaces.map(({ index, nic }) => [index, nic]),
      [0, 1, 2, 3].map((index) => [index, '']),
      'with interfaces that are joined to nothing',
    )
  t.same(world.violations(), [])
})

t.test('preallocated nodes are taken, not made, and the pool is filled again', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  const first = new Set(poolNodes(world))
  const accepted = await apply(world, pooled('shop', 5))
  await ready(world, 'shop')
  const made = madeOf(world).filter((node) => node.startsWith('alice.'))
  t.same(made, [], 'no node was made for it')
  const taken = agentsOf(world).flatMap((agent) => [...agent.taken])
  t.same(
    taken.map(([node]) => node).sort(),
    ['r1', 'r2', 'r3', 'r4', 'r5'].map((id) => `alice.shop/${id}`),
  )
  t.ok(taken.every(([, from]) => first.has(from)))
  for (const node of accepted.request?.nodes ?? [])
    t.match(
      node,
      { hypervisor: 'fake', memoryBytes: gib / 4, cpu: { count: 1, quotaMillis: 100 } },
      'it is told what it got',
    )
  await filled(world)
  t.equal(nodesOf(world).length, 6 + 5)
  const { hosts: list } = await world.ask('pip1', { hosts: {} })
  const reserved = list?.hosts.reduce((sum, host) => sum + host.reservedMemoryBytes, 0)
  t.equal(reserved, (6 + 5) * (gib / 4), 'each node is counted once')

  await gone(world, 'shop')
  await filled(world)
  t.equal(nodesOf(world).length, 6)
  t.notOk(
    poolNodes(world).some((node) => taken.some(([, from]) => from === node)),
    'no id is used again',
  )
  for (const { made: times } of agentsOf(world)) for (const [node, count] of times) t.equal(count, 1, node)
  t.same(world.violations(), [])
})

t.test('a change leaves what was taken as it is, and takes what is new', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  await apply(world, pooled('shop', 2))
  await ready(world, 'shop')
  const takenBy = () =>
    agentsOf(world).flatMap(({ slices }) => slices.get('alice.shop')?.nodes.map((node) => node.pooled) ?? [])
  const before = takenBy()
  await filled(world)
  await apply(world, pooled('shop', 3))
  await ready(world, 'shop')
  await filled(world)
  const after = takenBy()
  for (const from of before) t.ok(after.includes(from))
  t.equal(new Set(after).size, 3)
  t.same(
    madeOf(world).filter((node) => node.startsWith('alice.')),
    [],
  )
  await apply(world, chain('shop', 3))
  await ready(world, 'shop')
  await filled(world)
  t.same(takenBy(), ['', '', ''], 'on demand they are nobody’s')
  t.same(world.violations(), [])
})

t.test('what no pool has never fits, what none has left does not fit now', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  await t.rejects(apply(world, pooled('shop', 2, { memoryBytes: gib })), {
    code: 'admission.never-fits',
    message: /none has what it asks for/,
    hint: /small \(fake, 256 MiB\)/,
  })
  await t.rejects(apply(world, pooled('shop', 7)), { code: 'admission.never-fits' })
  for (const agent of agentsOf(world)) agent.stop()
  for (const agent of agentsOf(world).slice(1)) agent.start()
  await world.until('h1 is away', async () => {
    const { hosts: list } = await world.ask('pip1', { hosts: {} })
    return list?.hosts.every(({ name, status }) => status?.online === (name !== 'h1')) ?? false
  })
  await t.rejects(apply(world, pooled('shop', 5)), { code: 'admission.not-now' })
  await apply(world, pooled('shop', 4))
  await t.rejects(apply(world, pooled('more', 1)), { code: 'admission.not-now', hint: /until|start/ })
  t.same(world.violations(), [])
})

t.test('what is reserved is nobody else’s, and idle again once it is given back', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  const client = createClient(world, 'vnp9', 'pip1')
  const part = { ...pooled('shop', 6), name: 'bob.shop' }
  const reserve = (reservation: string, leaseMs: number) => client.ask({ reserve: { reservation, part, leaseMs } })
  await reserve('one', 60_000)
  t.match(
    await poolsAt(world),
    hosts.map((host) => ({ host, idle: 0, reserved: 2 })),
  )
  await t.rejects(apply(world, pooled('shop', 1)), { code: 'admission.not-now', object: 'node/r1' })
  t.equal(poolNodes(world).length, 6, 'a reservation starts nothing')
  await reserve('two', 60_000)
  t.match(
    await poolsAt(world),
    hosts.map((host) => ({ host, idle: 0, reserved: 2 })),
    'a later one takes its place',
  )
  await client.ask({ release: { reservation: 'two' } })
  await filled(world)
  await reserve('three', 1000)
  await world.pass(2000)
  await filled(world)
  t.equal(madeOf(world).length, 6, 'all the while no node was made or removed')
  t.same(world.violations(), [])
})

t.test('a request for which none is idle waits, and is built once the pool is filled again', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  await apply(world, pooled('shop', 6))
  const waiting = await world.settled(world.ask('alice', { apply: { request: pooled('more', 6) } }))
  t.equal(waiting.vnet?.phase, 'PHASE_POSTPONED')
  await ready(world, 'shop')
  await ready(world, 'more')
  await filled(world)
  t.same(
    madeOf(world).filter((node) => node.startsWith('alice.')),
    [],
  )
  t.equal(nodesOf(world).length, 6 + 6 + 6)
  t.same(world.violations(), [])
})

t.test('a VNP that maps by itself takes nodes of the pools that it is told of', async (t) => {
  const world = await worldFor(t, { advertise: 'full' })
  await filled(world)
  const asked = (count: number) => ({ request: pooled('shop', count), noWait: true, discovery: 'vnp' })
  for (const count of [4, 5]) {
    // What is idle has been advertised.
    await world.idle()
    const { vnet } = await world.settled(world.ask('alice', { apply: asked(count) }))
    t.equal(vnet?.discovery, 'vnp')
    await ready(world, 'shop')
    await filled(world)
    t.equal(nodesOf(world).length, 6 + count)
  }
  await t.rejects(world.settled(world.ask('alice', { apply: asked(12) })), { code: 'admission.never-fits' })
  t.same(
    madeOf(world).filter((node) => node.startsWith('alice.')),
    [],
  )
  t.same(world.violations(), [])
})

t.test('a pool is filled again once the whole VNet is built, or soon where a host of it is away', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  await apply(world, pooled('shop', 5))
  world.agents.get('h3')?.stop()
  const others = agentsOf(world).filter(({ host }) => host !== 'h3')
  const count = (of: (agent: (typeof others)[number]) => number) => others.reduce((sum, agent) => sum + of(agent), 0)
  const wanted = count(({ slices }) => slices.get('alice.shop')?.nodes.length ?? 0)
  t.ok(wanted >= 3 && wanted < 5, `${wanted} are elsewhere`)
  await world.until('the others have theirs', () => count(({ taken }) => taken.size) === wanted)
  await world.pass(2000)
  t.equal(
    count(({ made }) => made.size),
    4,
    'nothing is made meanwhile',
  )
  await world.pass(10_000)
  t.equal(
    count(({ made }) => made.size),
    4 + wanted,
  )
  t.same(world.violations(), [])
})

t.test('an idle node that vanished is made as any other', async (t) => {
  const world = await worldFor(t)
  await filled(world)
  // The host loses all while nobody looks.
  for (const agent of agentsOf(world)) agent.lose()
  await apply(world, pooled('shop', 3))
  await ready(world, 'shop')
  t.equal(madeOf(world).filter((node) => node.startsWith('alice.')).length, 3)
  t.same(world.violations(), [])
})

t.test('what there is no room for is not made, and told', async (t) => {
  const inventory = (host: string) => hostInventory(host, { memoryBytes: gib })
  const large = '  large: { hypervisor: fake, memory: 512 MiB, keep: 4, hosts: [h1, h2] }'
  const none = '  none: { hypervisor: xen, memory: 64 MiB, keep: 1, hosts: [h3] }'
  const world = await worldFor(t, { inventory, pools: () => ['pools:', large, none] })
  await filled(world, 4)
  t.match(await poolsAt(world), [
    { host: 'h1', idle: 2, error: { code: 'admission.not-now', message: /h1 has no room for one more/ } },
    { host: 'h2', idle: 2, error: { code: 'admission.not-now' } },
    { host: 'h3', idle: 0, error: { code: 'hypervisor.unavailable', message: /h3 does not offer xen/ } },
  ])
  // h3 has room for two; of pools nothing is left but what VNets give back.
  await apply(world, pooled('shop', 2, { memoryBytes: gib / 2 }))
  await ready(world, 'shop')
  await apply(world, chain('other', 4))
  await ready(world, 'other')
  await filled(world, 2)
  await gone(world, 'shop')
  await filled(world, 4)
  t.same(world.violations(), [], 'no host is ever given more than it has')
})

t.test('a pool follows its declaration, also after its store was lost', async (t) => {
  let pools = ['pools:', small]
  const world = await worldFor(t, { pools: () => pools })
  await filled(world)
  await apply(world, pooled('shop', 2))
  await ready(world, 'shop')
  await filled(world)
  const before = new Set(poolNodes(world))
  const again = async (): Promise<void> => {
    world.start('pip1')
    await world.until('the PIP knows its hosts', async () => {
      const { hosts: list } = await world.ask('pip1', { hosts: {} })
      return list?.hosts.every(({ status }) => status?.online) ?? false
    })
  }
  await again()
  await filled(world)
  t.ok(
    poolNodes(world).every((node) => before.has(node)),
    'a restart changes nothing',
  )

  t.comment('fewer')
  pools = ['pools:', small.replace('keep: 2', 'keep: 2, most: 4')]
  await again()
  await filled(world, 4)
  t.ok(
    poolNodes(world).every((node) => before.has(node)),
    'no more are made',
  )
  t.comment('of another make')
  pools = ['pools:', small.replace('256', '128')]
  await again()
  await filled(world)
  t.notOk(poolNodes(world).some((node) => before.has(node)))
  t.comment('over a lost store')
  const held = new Set(poolNodes(world))
  // Epochs follow the clock: one that is lost is not claimed again.
  await world.pass(60_000)
  world.loseStore('pip1')
  await again()
  await filled(world)
  await world.until('the former ones are gone', () => !poolNodes(world).some((node) => held.has(node)))
  t.equal(poolNodes(world).length, 6)
  t.comment('none')
  pools = []
  await again()
  await world.until('the pool is gone', async () => (await poolsAt(world)).length === 0)
  t.same(poolNodes(world), [])
  t.same(
    world.broker.retained().filter((topic) => topic.includes('pool-')),
    [],
  )
  t.same(
    (await world.rows('pip1')).filter((row) => row.startsWith('pool')),
    [],
  )
  t.same(world.violations(), [])
})

t.test('a PIP that dies at any step takes and fills as if it had not', async (t) => {
  const run = async (dieAfter: number): Promise<boolean> => {
    const world = await createReadyWorld({ pools: () => ['pools:', small] })
    try {
      await filled(world)
      const mortal = world.mortal('pip1')
      mortal.dieAfter(mortal.steps + dieAfter)
      const asked = apply(world, pooled('shop', 3)).catch(() => undefined)
      let isOver = false
      void asked.finally(() => {
        isOver = true
      })
      const isDone = async () =>
        isOver &&
        !mortal.isDead &&
        (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY' &&
        (await idleAt(world)) === 6
      await world.until('it dies, or all is done', async () => mortal.isDead || (await isDone()))
      const died = mortal.isDead
      if (died) world.start('pip1')
      await world.until('an answer', () => isOver)
      await world.idle()
      const phase = await phaseAt(world, 'alice', 'shop')
      t.ok(phase === 'unknown' || phase === 'PHASE_READY', `${dieAfter}: ${phase}`)
      const nodes = phase === 'unknown' ? 0 : 3
      const counts = [poolNodes(world).length, nodesOf(world).length]
      t.same(counts, [6, 6 + nodes], `${dieAfter}: the pool is full, and nothing else is left`)
      for (const { made } of agentsOf(world))
        for (const [node, count] of made) if (count !== 1) t.fail(`${dieAfter}: ${node} was made ${count} times`)
      t.same(world.violations(), [], `${dieAfter}`)
      return died
    } finally {
      await world.close()
    }
  }
  let steps = 0
  while (await run(steps)) steps++
  t.ok(steps > 10, `${steps} steps`)
})
