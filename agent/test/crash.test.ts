/** An agent that is killed at any point of its work: the next one brings everything to where it shall be, nothing twice, nothing left. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { FakePoint } from '../hypervisor/fake/memory.ts'
import { type At, absent, type FakeHost, fakeHost, node, pair, untilPhase, vnet } from './support/host.ts'

t.setTimeout(300_000)

const never = new Promise<void>(() => {})

/** Stops for ever where the agent gets to a point for the nth time. */
const stopAt = (point: FakePoint, nth: number): { readonly at: At; readonly reached: Promise<void> } => {
  const reached = Promise.withResolvers<void>()
  let times = 0
  const at: At = (here) => {
    if (here !== point || ++times !== nth) return undefined
    reached.resolve()
    return never
  }
  return { at, reached: reached.promise }
}

const isRight = (host: FakeHost): unknown => ({
  nodes: [...host.world.nodes].map(([key, { running, digest, configuration }]) => [
    key,
    running && digest !== '' && configuration !== '',
  ]),
  joined: [...host.datapath.held].map(([key, { joined }]) => [key, joined.length]),
  vifs: new Set([...host.world.nodes.values()].flatMap(({ vifs }) => vifs)).size,
})

const whole = {
  nodes: [
    [`${vnet}/a`, true],
    [`${vnet}/b`, true],
  ],
  joined: [[`${vnet}/a-b`, 2]],
  vifs: 2,
}

const isGone = async (host: FakeHost): Promise<unknown> => ({
  nodes: [...host.world.nodes.keys()],
  links: [...host.datapath.held.keys()],
  files: (await readdir(join(host.stateDir, 'desired'))).filter((name) => name !== 'epoch'),
  slots: JSON.parse(await readFile(join(host.stateDir, 'slots.json'), 'utf8')),
})
const nothing = { nodes: [], links: [], files: [], slots: {} }

const building: readonly FakePoint[] = [
  'start.record',
  'start.vifs',
  'start.run',
  'start.end',
  'configure',
  'configure.end',
]
const removing: readonly FakePoint[] = ['remove.stop', 'remove.vifs', 'remove.forget', 'remove.end']

for (const point of building) {
  for (const nth of [1, 2]) {
    t.test(`killed while it builds, at ${point} for the time number ${nth}`, async (t) => {
      const host = fakeHost(t)
      const { at, reached } = stopAt(point, nth)
      const first = await host.start(at)
      await first.desire(pair())
      await reached
      first.kill()
      const second = await host.start()
      await untilPhase(second, 'PHASE_READY')
      await second.reconciler.idle()
      t.strictSame(sorted(isRight(host)), whole)
      await second.desire(absent(2))
      await untilPhase(second, 'PHASE_GONE')
      t.strictSame(await isGone(host), nothing)
    })

    t.test(`killed while it builds at ${point} (${nth}), and the VNet is wanted no more`, async (t) => {
      const host = fakeHost(t)
      const { at, reached } = stopAt(point, nth)
      const first = await host.start(at)
      await first.desire(pair())
      await reached
      first.kill()
      const second = await host.start()
      await second.desire(absent(2))
      await untilPhase(second, 'PHASE_GONE')
      t.strictSame(await isGone(host), nothing)
    })
  }
}

for (const point of removing) {
  for (const nth of [1, 2]) {
    t.test(`killed while it removes, at ${point} for the time number ${nth}`, async (t) => {
      const host = fakeHost(t)
      const { at, reached } = stopAt(point, nth)
      const first = await host.start(at)
      await first.desire(pair())
      await untilPhase(first, 'PHASE_READY')
      await first.desire(absent(2))
      await reached
      first.kill()
      const second = await host.start()
      await untilPhase(second, 'PHASE_GONE')
      t.strictSame(await isGone(host), nothing)
    })
  }
}

t.test('killed again and again, at whatever point it is', async (t) => {
  const host = fakeHost(t)
  const first = await host.start(() => sleep(3))
  await first.desire(pair({ nodes: ['a', 'b', 'c', 'd', 'e'].map((id) => node(id)) }))
  let agent = first
  for (let round = 0; round < 15; round++) {
    await sleep(round)
    agent.kill()
    agent = await host.start(() => sleep(3))
  }
  await untilPhase(agent, 'PHASE_READY')
  await agent.reconciler.idle()
  t.equal(host.world.nodes.size, 5)
  t.ok([...host.world.nodes.values()].every(({ running, configuration }) => running && configuration !== ''))
  await agent.desire(absent(2))
  for (let round = 0; round < 15; round++) {
    await sleep(round)
    agent.kill()
    agent = await host.start(() => sleep(3))
  }
  for (let tries = 0; tries < 4000 && host.world.nodes.size > 0; tries++) await sleep(5)
  await agent.reconciler.idle()
  t.strictSame(await isGone(host), nothing)
})

t.test('a restarted agent touches nothing that is right', async (t) => {
  const host = fakeHost(t)
  const first = await host.start()
  await first.desire(pair())
  await untilPhase(first, 'PHASE_READY')
  await first.reconciler.idle()
  first.kill()
  host.world.calls.length = 0
  const before = JSON.stringify([...host.datapath.held])
  const second = await host.start()
  t.match(await untilPhase(second, 'PHASE_READY'), { generation: 1, timings: [] })
  await second.reconciler.idle()
  t.same(host.world.calls, [])
  t.equal(JSON.stringify([...host.datapath.held]), before)
})

t.test('what carries our mark and is wanted no more is found and removed', async (t) => {
  const host = fakeHost(t)
  const first = await host.start()
  await first.desire(pair())
  await untilPhase(first, 'PHASE_READY')
  first.kill()
  const { unlink } = await import('node:fs/promises')
  await unlink(join(host.stateDir, 'desired', `${vnet}.slice`))
  const second = await host.start()
  for (let tries = 0; tries < 4000 && host.world.nodes.size > 0; tries++) await sleep(5)
  await second.reconciler.idle()
  t.strictSame(await isGone(host), nothing)
})

t.test('a VNet whose desired state was damaged is left as it is until someone says what it shall be', async (t) => {
  const host = fakeHost(t)
  const first = await host.start()
  await first.desire(pair())
  await untilPhase(first, 'PHASE_READY')
  await first.reconciler.idle()
  first.kill()
  await writeFile(join(host.stateDir, 'desired', `${vnet}.slice`), 'garbage')
  const second = await host.start()
  await second.reconciler.idle()
  t.strictSame(sorted(isRight(host)), whole)
  await second.desire(pair())
  await untilPhase(second, 'PHASE_READY')
})

t.test('slots that were lost are adopted, not handed out again', async (t) => {
  const host = fakeHost(t)
  const first = await host.start()
  await first.desire(pair())
  await untilPhase(first, 'PHASE_READY')
  await first.reconciler.idle()
  first.kill()
  await writeFile(join(host.stateDir, 'slots.json'), '')
  host.world.calls.length = 0
  const second = await host.start()
  await untilPhase(second, 'PHASE_READY')
  await second.desire(pair({ generation: 2, nodes: [node('c'), node('a'), node('b')] }))
  t.match(await untilPhase(second, 'PHASE_READY', 2), { nodes: [{ vifs: [{ name: 'vif3.0' }] }, {}, {}] })
  t.same(
    host.world.calls.filter((call) => !call.endsWith('/c')),
    [],
  )
})

/** Nodes are made beside each other: in which order does not matter. */
function sorted(value: unknown): unknown {
  const { nodes, ...rest } = value as { nodes: readonly (readonly [string, boolean])[] }
  return { nodes: [...nodes].sort(([a], [b]) => a.localeCompare(b)), ...rest }
}
