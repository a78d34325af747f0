import t, { type Test } from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { createLog } from '../../log.ts'
import { createKeyedSerial } from '../../roles/serial.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import { createClient } from '../../test/client.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createReadyWorld, gib, heavyChain, phaseAt, type World, type WorldOptions } from '../../test/world.ts'
import { openBook } from '../book.ts'
import { createQueue, maxQueuedPerOwner } from '../queue.ts'

t.setTimeout(300_000)

const worldFor = async (t: Test, options?: WorldOptions): Promise<World> => {
  const world = await createReadyWorld(options)
  t.teardown(() => world.close())
  return world
}

/** Nodes of 3 GiB: each host carries one. */
const request = (name: string, hosts: number, changes: Init<VNetRequest> = {}): VNetRequest => ({
  ...heavyChain(name, hosts, 3 * gib),
  ...(changes as Partial<VNetRequest>),
})

const apply = async (world: World, asked: VNetRequest, more: { noWait?: boolean; vno?: string } = {}) => {
  const { vno = 'alice', noWait = false } = more
  return (await world.settled(world.ask(vno, { apply: { request: asked, noWait } }))).vnet as VNetState
}
const remove = (world: World, vnet: string, vno = 'alice') => world.settled(world.ask(vno, { delete: { vnet } }))
const stateAt = async (world: World, vnet: string, role = 'alice') =>
  (await world.ask(role, { get: { vnet } })).vnet as VNetState
const becomes = (world: World, vnet: string, phase: string, vno = 'alice') =>
  world.until(`${vnet} is ${phase}`, async () => (await phaseAt(world, vno, vnet)) === phase)
const phases = async (world: World, ...vnets: readonly string[]) =>
  Promise.all(vnets.map(async (vnet) => (await phaseAt(world, 'alice', vnet)).replace('PHASE_', '')))

const emptied = async (t: Test, world: World, vnets: readonly string[]): Promise<void> => {
  for (const vnet of vnets) await remove(world, vnet)
  await world.idle()
  for (const role of ['alice', 'vnp1', 'pip1']) t.same(await world.rows(role), [], `${role} keeps no row`)
  t.same(
    world.broker.retained().filter((topic) => /desired|reported|api\/vnet/.test(topic)),
    [],
    'the broker keeps no message',
  )
  t.same(world.violations(), [])
}

t.test('what has no room now waits, says for what, and is built once there is', async (t) => {
  const world = await worldFor(t)
  await apply(world, request('one', 3))
  await becomes(world, 'one', 'PHASE_READY')
  const waits = await apply(world, request('two', 2))
  t.match(waits, {
    phase: 'PHASE_POSTPONED',
    generation: 0,
    error: { code: 'admission.not-now', message: /memory/ },
    waiting: { position: 1 },
    nodes: [{ id: 'r1', state: 'OBJECT_STATE_PENDING' }, { id: 'r2' }],
  })
  await world.idle()
  t.match(await stateAt(world, 'two'), { phase: 'PHASE_POSTPONED', waiting: { position: 1 } }, 'the VNO knows it')
  t.match(
    await stateAt(world, 'alice.two', 'vnp1'),
    { phase: 'PHASE_POSTPONED' },
    'and so does the operator of the VNP',
  )
  t.same((await world.rows('vnp1')).toSorted(), ['queued/alice.two', 'vnet/alice.one'])
  t.same(await world.rows('pip1'), ['vnet/alice.one'], 'nothing is held for it')
  await t.rejects(world.ask('alice', { exec: { vnet: 'two', node: 'r1', argv: ['true'] } }), {
    code: 'vnet.unknown',
    message: /waits for room/,
  })

  await remove(world, 'one')
  await becomes(world, 'two', 'PHASE_READY')
  const state = await stateAt(world, 'two')
  t.equal(state.generation, 1)
  t.equal(state.waiting, undefined)
  t.equal(state.error, undefined)
  t.same(await world.rows('vnp1'), ['vnet/alice.two'])
  await emptied(t, world, ['two'])
})

t.test('higher priority is tried first, then age; and what fits does not wait for what does not', async (t) => {
  const world = await worldFor(t)
  await apply(world, request('all', 3))
  await becomes(world, 'all', 'PHASE_READY')
  await apply(world, request('old', 1))
  await apply(world, request('big', 3, { priority: 9 }))
  await apply(world, request('high', 2, { priority: 5 }))
  await apply(world, request('young', 1))
  const places = async () => {
    const vnets = ['old', 'big', 'high', 'young']
    return Object.fromEntries(
      await Promise.all(vnets.map(async (vnet) => [vnet, (await stateAt(world, vnet)).waiting?.position ?? 0])),
    )
  }
  await world.idle()
  t.same(await places(), { big: 1, high: 2, old: 3, young: 4 })

  t.comment('a third of the substrate is taken by another provider before anybody is told')
  const other = createClient(world, 'vnp2', 'pip1')
  await remove(world, 'all')
  await becomes(world, 'big', 'PHASE_READY')
  t.same(await phases(world, 'big', 'high', 'old', 'young'), ['READY', 'POSTPONED', 'POSTPONED', 'POSTPONED'])
  await remove(world, 'big')
  await becomes(world, 'high', 'PHASE_READY')
  await becomes(world, 'old', 'PHASE_READY')
  t.same(await phases(world, 'high', 'old', 'young'), ['READY', 'READY', 'POSTPONED'])

  t.comment('one that is too big for what is freed does not hold up a smaller one behind it')
  await apply(world, request('large', 3, { priority: 100 }))
  await remove(world, 'old')
  await becomes(world, 'young', 'PHASE_READY')
  t.same(await phases(world, 'large', 'high', 'young'), ['POSTPONED', 'READY', 'READY'])
  await other.session.close()
  await emptied(t, world, ['large', 'high', 'young'])
})

t.test('what waits may be taken back, and changed; the same again keeps its place', async (t) => {
  const world = await worldFor(t)
  await apply(world, request('all', 3))
  await apply(world, request('a', 1))
  await apply(world, request('b', 1))
  const since = (await stateAt(world, 'a')).waiting?.sinceUnixMs
  await world.pass(5000)
  t.match((await apply(world, request('a', 1))).waiting, { position: 1, sinceUnixMs: since })
  t.match((await apply(world, request('a', 2))).waiting, { position: 2 }, 'another request begins anew')
  t.match(await remove(world, 'b'), { vnet: { phase: 'PHASE_GONE' } })
  await world.idle()
  t.equal(await phaseAt(world, 'alice', 'b'), 'unknown')
  t.match(await stateAt(world, 'a'), { waiting: { position: 1 } })
  t.notOk(world.broker.retained().some((topic) => topic.endsWith('/b')))
  await emptied(t, world, ['a', 'all'])
})

t.test('what never fits, what shall not wait and changes of what stands are refused', async (t) => {
  const world = await worldFor(t)
  await t.rejects(apply(world, heavyChain('huge', 1, 5 * gib)), { code: 'admission.never-fits' })
  await apply(world, request('all', 2))
  await t.rejects(apply(world, request('two', 2), { noWait: true }), { code: 'admission.not-now' })
  await apply(world, request('one', 1))
  await t.rejects(apply(world, request('one', 2)), { code: 'admission.not-now' })
  t.same((await world.rows('vnp1')).toSorted(), ['vnet/alice.all', 'vnet/alice.one'])
  await emptied(t, world, ['all', 'one'])
})

t.test('the queue outlives its VNP, and what was freed meanwhile is found', async (t) => {
  const world = await worldFor(t, { vnps: ['vnp1', 'vnp2'] })
  const other = createClient(world, 'vnp3', 'pip1')
  await other.ask({ reserve: { reservation: 'r1', part: { ...request('x', 3), name: 'carol.x' } } })
  await other.ask({ commit: { reservation: 'r1' } })
  await apply(world, request('one', 1))
  await apply(world, request('two', 3, { priority: 1 }))
  world.kill('vnp1')
  await other.ask({ delete: { vnet: 'carol.x' } })
  await world.until('all is free', async () => (await world.rows('pip1')).length === 0)
  world.start('vnp1')
  await becomes(world, 'two', 'PHASE_READY')
  t.same(await phases(world, 'one', 'two'), ['POSTPONED', 'READY'])
  world.start('vnp1')
  await world.pass(10_000)
  t.same(await phases(world, 'one', 'two'), ['POSTPONED', 'READY'], 'and once more')
  await remove(world, 'two')
  await becomes(world, 'one', 'PHASE_READY')
  await other.session.close()
  await emptied(t, world, ['one'])
})

t.test('what another VNP frees, and a host that comes back, wake those that wait', async (t) => {
  const world = await worldFor(t)
  const other = createClient(world, 'vnp9', 'pip1')
  await other.ask({ reserve: { reservation: 'r1', part: { ...request('x', 2), name: 'carol.x' }, leaseMs: 20_000 } })
  t.equal((await apply(world, request('two', 2))).phase, 'PHASE_POSTPONED')
  await becomes(world, 'two', 'PHASE_READY')
  t.pass('the lease of the other had ended')
  world.agents.get('h1')?.stop()
  world.agents.get('h2')?.stop()
  world.agents.get('h3')?.stop()
  await world.idle()
  t.match(await apply(world, request('three', 1)), {
    phase: 'PHASE_POSTPONED',
    error: { code: 'admission.not-now', message: /away/ },
  })
  for (const agent of world.agents.values()) agent.start()
  await becomes(world, 'three', 'PHASE_READY')
  await other.session.close()
  await emptied(t, world, ['two', 'three'])
})

t.test('many may wait, but not without end', async (t) => {
  const world = await worldFor(t)
  await apply(world, request('all', 3))
  await Promise.all(Array.from({ length: maxQueuedPerOwner }, (_, i) => apply(world, request(`w${i}`, 1))))
  await t.rejects(apply(world, request('more', 1)), { code: 'admission.not-now', hint: /at most 100 may wait/ })
  t.equal((await apply(world, request('w5', 1))).phase, 'PHASE_POSTPONED', 'one that waits may be asked for again')
  await remove(world, 'all')
  await world.idle()
  const { vnets } = await world.ask('alice', { get: { vnet: '' } })
  t.equal(vnets?.vnets.filter(({ phase }) => phase === 'PHASE_READY').length, 3, 'as many as there is room for')
  t.equal(vnets?.vnets.filter(({ phase }) => phase === 'PHASE_POSTPONED').length, maxQueuedPerOwner - 3)
  t.same(world.violations(), [])
})

t.test('what is freed while a request is being refused is not missed', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  const tried: string[] = []
  const queue = createQueue({
    book: await openBook(store),
    clock: createTestClock(),
    log: createLog('test', 'queue', 'silent'),
    serial: createKeyedSerial(),
    attempt: async ({ key }) => void tried.push(key),
    onDecided: async () => undefined,
    onChange: () => undefined,
  })
  const error = { code: 'admission.not-now', message: 'full', object: '', where: '', hint: '' }
  const asked = (name: string) => ({
    key: `a.${name}`,
    owner: 'a',
    name,
    request: request(name, 1),
    discovery: '',
    error,
  })
  const before = queue.tries
  await queue.put(asked('one'), before)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.same(tried, [], 'nothing was freed: it is not tried')
  queue.retry()
  await queue.put(asked('two'), before)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.ok(tried.includes('a.two'))
  queue.close()
})
