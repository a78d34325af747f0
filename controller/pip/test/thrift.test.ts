/** A provider that asks for thrift: what is too dear waits, whichever way it was mapped, and what stands may be changed. */
import t, { type Test } from 'tap'
import type { VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { chain, createReadyWorld, phaseAt, type World, type WorldOptions } from '../../test/world.ts'

/** Of the 12 CPUs of the three hosts. */
const withCpus = (name: string, cpus: number): VNetRequest => {
  const request = chain(name, 3)
  const cpu = { count: 4, quotaMillis: (cpus * 1000) / 3 } as NonNullable<VNetRequest['nodes'][number]['cpu']>
  return { ...request, nodes: request.nodes.map((node) => ({ ...node, cpu: { ...node.cpu, ...cpu } })) }
}

const worldFor = async (t: Test, thrift: string | undefined, options: WorldOptions = {}): Promise<World> => {
  const world = await createReadyWorld({ ...options, pools: () => (thrift ? [`thrift: ${thrift}`] : []) })
  t.teardown(() => world.close())
  return world
}

type How = { readonly noWait?: boolean; readonly discovery?: 'pip' | 'vnp' }

const apply = async (world: World, request: VNetRequest, how: How = {}): Promise<VNetState | undefined> =>
  (await world.settled(world.ask('alice', { apply: { request, ...how } }))).vnet

const ready = (world: World, vnet: string): Promise<void> =>
  world.until(`${vnet} is ready`, async () => (await phaseAt(world, 'alice', vnet)) === 'PHASE_READY')

const dear = { code: 'admission.not-now', where: 'thrift', message: /it fits, but takes .* of CPU 50 % is taken/ }

t.test('what would be too dear is refused, and fits where the provider asks for no thrift', async (t) => {
  for (const [thrift, isTaken] of [
    ['0.5', false],
    ['50', true],
    [undefined, true],
  ] as const) {
    const world = await worldFor(t, thrift)
    await apply(world, withCpus('a', 3))
    await apply(world, withCpus('b', 3))
    const asked = apply(world, withCpus('c', 3), { noWait: true })
    if (isTaken) t.equal((await asked)?.request?.name, 'c')
    else await t.rejects(asked, dear)
  }
})

t.test('it waits, and is taken once enough is free', async (t) => {
  const world = await worldFor(t, '0.5')
  await apply(world, withCpus('a', 3))
  await apply(world, withCpus('b', 3))
  await ready(world, 'a')
  t.match(await apply(world, withCpus('c', 3)), { phase: 'PHASE_POSTPONED', error: dear })
  const { explanation } = await world.settled(world.ask('alice', { explain: { vnet: 'c' } }))
  t.match(explanation, { error: { ...dear } })
  t.equal((await apply(world, withCpus('little', 0.3)))?.phase === 'PHASE_POSTPONED', false, 'what takes less is taken')
  await world.settled(world.ask('alice', { delete: { vnet: 'a' } }))
  await ready(world, 'c')
  t.same(world.violations(), [])
})

t.test('what the VNP has mapped is declined as well', async (t) => {
  const world = await worldFor(t, '0.5', { advertise: 'full' })
  await apply(world, withCpus('a', 3), { discovery: 'vnp' })
  await apply(world, withCpus('b', 3), { discovery: 'vnp' })
  await t.rejects(apply(world, withCpus('c', 3), { noWait: true, discovery: 'vnp' }), dear)
})

t.test('what stands is changed as long as it fits', async (t) => {
  const world = await worldFor(t, '0.5')
  await apply(world, withCpus('a', 3))
  await apply(world, withCpus('b', 3))
  await ready(world, 'b')
  t.match(await apply(world, withCpus('b', 8), { noWait: true }), {
    request: { nodes: [{ cpu: { quotaMillis: 2666 } }] },
  })
})

t.test('a request that is asked again and again is counted once, and others after a start as before', async (t) => {
  const world = await worldFor(t, '0.5')
  await apply(world, withCpus('a', 3))
  await apply(world, withCpus('b', 3))
  const refused = async (): Promise<string> =>
    apply(world, withCpus('c', 4.5), { noWait: true }).then(
      () => 'taken',
      (error: Error) => error.message,
    )
  const first = await refused()
  t.match(first, dear.message)
  t.equal(await refused(), first)
  world.start('pip1')
  await world.until('the hosts are known', async () => {
    const { hosts } = await world.ask('pip1', { hosts: {} })
    return (hosts?.hosts ?? []).every(({ inventory, status }) => inventory && status?.online)
  })
  t.equal(await refused(), first)
})
