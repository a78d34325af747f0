/** A host that boots again: nodes that may be elsewhere by now wait for a slice that is current in this boot, all others do not. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test as Tap } from 'tap'
import type { Init } from '../../proto/codec.ts'
import type { Reported, Slice } from '../../proto/generated/weft.v1.ts'
import { randomFrom } from '../click/test/support/random.ts'
import { type FakePoint, stopFakeNode } from '../hypervisor/fake/memory.ts'
import {
  absent,
  type FakeHost,
  fakeHost,
  type KillableAgent,
  node,
  pair,
  untilPhase,
  untilReport,
  vnet,
} from './support/host.ts'

t.setTimeout(300_000)

const never = new Promise<void>(() => {})

/** a may be made again elsewhere, b stays. */
const shop = (bootId: string, change: Init<Slice> = {}): Slice =>
  pair({ bootId, nodes: [node('a', { recoverable: true }), node('b')], ...change })

/** Nothing that was in memory is left: domains do not run, interfaces are gone. */
const boot = (host: FakeHost, agent: KillableAgent, bootId: string, at?: Parameters<FakeHost['start']>[0]) => {
  agent.kill()
  for (const there of host.world.nodes.values()) Object.assign(there, { running: false, vifs: [], ended: undefined })
  host.datapath.disturb(vnet, 'a-b')
  host.datapath.setVifs([])
  host.world.calls.length = 0
  return host.start(at, { bootId })
}

const running = (host: FakeHost): readonly string[] =>
  [...host.world.nodes].flatMap(([key, one]) => (one.running ? [key.slice(vnet.length + 1)] : [])).sort()

const isHeld = ({ nodes }: Reported): boolean =>
  nodes[0]?.error?.code === 'host.not-admitted' && nodes[1]?.state === 'OBJECT_STATE_READY'

t.test('a node that may be elsewhere waits for a slice of this boot, and starts with its disk', async (t) => {
  const host = fakeHost(t)
  const first = await host.start(undefined, { bootId: 'b1' })
  await first.desire(shop('b1'))
  await untilPhase(first, 'PHASE_READY')

  const second = await boot(host, first, 'b2')
  t.match(await untilReport(second, isHeld), {
    phase: 'PHASE_BUILDING',
    nodes: [{ state: 'OBJECT_STATE_PENDING', error: { object: 'node/a' } }, { error: undefined }],
    links: [{ state: 'OBJECT_STATE_BUILDING' }],
  })
  await second.desire(shop('b1', { epoch: 2 }))
  await second.desire(shop('b1', { generation: 2, epoch: 2 }))
  await untilReport(second, (one) => one.generation === 2 && isHeld(one))
  await second.reconciler.idle()
  t.same(running(host), ['b'], 'a slice alone, also a newer one, starts nothing')
  t.ok(host.world.nodes.has(`${vnet}/a`), 'its disk is where it was')

  await second.desire(shop('b2', { generation: 2, epoch: 2 }))
  await untilPhase(second, 'PHASE_READY')
  await second.reconciler.idle()
  t.same(running(host), ['a', 'b'])
  t.same(
    host.world.calls.filter((call) => call.startsWith('remove')),
    [],
  )
})

t.test("what became another host's is removed, and was never started", async (t) => {
  const host = fakeHost(t)
  const first = await host.start(undefined, { bootId: 'b1' })
  await first.desire(shop('b1'))
  await untilPhase(first, 'PHASE_READY')

  const second = await boot(host, first, 'b2')
  await untilReport(second, isHeld)
  await second.desire(shop('b2', { generation: 2, nodes: [node('b')], links: [] }))
  await untilPhase(second, 'PHASE_READY', 2)
  await second.reconciler.idle()
  t.same([...host.world.nodes.keys()], [`${vnet}/b`])

  const third = await boot(host, second, 'b3')
  await untilPhase(third, 'PHASE_READY', 2)
  await third.desire(absent(3))
  await untilPhase(third, 'PHASE_GONE')
  t.same([...host.world.nodes.keys()], [])
  t.notOk(host.world.calls.includes(`start ${vnet}/a`))
})

t.test('in the boot that it was admitted for a node is started again, by whichever agent', async (t) => {
  const host = fakeHost(t)
  const first = await host.start(undefined, { bootId: 'b1' })
  await first.desire(shop('b1'))
  await untilPhase(first, 'PHASE_READY')
  first.kill()
  const there = host.world.nodes.get(`${vnet}/a`)
  if (there) Object.assign(there, { running: false, vifs: [] })
  const second = await host.start(undefined, { bootId: 'b1' })
  await untilReport(second, ({ phase }) => phase === 'PHASE_READY')
  await second.reconciler.idle()
  t.same(running(host), ['a', 'b'])
})

t.test("a node that runs in a boot that is not its slice's goes on", async (t) => {
  const host = fakeHost(t)
  const first = await host.start(undefined, { bootId: 'b1' })
  await first.desire(shop('b1'))
  await untilPhase(first, 'PHASE_READY')
  await first.reconciler.idle()
  first.kill()
  host.world.calls.length = 0
  const second = await host.start(undefined, { bootId: 'b2' })
  await untilPhase(second, 'PHASE_READY')
  await second.desire(shop('', { generation: 2 }))
  await untilPhase(second, 'PHASE_READY', 2)
  await second.reconciler.idle()
  t.same(host.world.calls, [])
})

t.test('a host whose kernel says no boot holds what may be elsewhere', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start(undefined, { bootId: '' })
  await agent.desire(shop(''))
  await untilReport(agent, isHeld)
  await agent.reconciler.idle()
  t.same(running(host), ['b'])
})

t.test('a client that applies the same for this boot has it started', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start(undefined, { bootId: 'b2' })
  const sent = shop('b1', { generation: 0 })
  await agent.command({ apply: { slice: sent } } as never)
  await untilReport(agent, isHeld)
  await agent.command({ apply: { slice: { ...sent, bootId: 'b2' } } } as never)
  t.match(await untilPhase(agent, 'PHASE_READY'), { generation: 1 })
})

const points: readonly FakePoint[] = ['observe', 'start.record', 'start.run', 'start.end', 'configure', 'configure.end']

for (const point of points) {
  t.test(
    `an agent that is killed at ${point} in a new boot starts nothing before its time, and all of it after`,
    async (t) => {
      const host = fakeHost(t)
      const first = await host.start(undefined, { bootId: 'b1' })
      await first.desire(shop('b1'))
      await untilPhase(first, 'PHASE_READY')
      const startedA = () => host.world.calls.filter((call) => call === `start ${vnet}/a`).length

      // Before its slice is current: b is what it works at.
      const reached = Promise.withResolvers<void>()
      const stop = (here: FakePoint): Promise<void> | undefined => {
        if (here !== point) return undefined
        reached.resolve()
        return never
      }
      const second = await Promise.race([
        boot(host, first, 'b2', stop),
        // A first look that never ends keeps the agent from having started at all.
        reached.promise.then(() => undefined),
      ])
      await reached.promise
      second?.kill()
      t.equal(startedA(), 0)
      const third = await host.start(undefined, { bootId: 'b2' })
      await untilReport(third, isHeld)
      await third.reconciler.idle()
      t.same([running(host), startedA()], [['b'], 0])
      third.kill()

      // After: a is.
      let ofA = false
      const reachedA = Promise.withResolvers<void>()
      const fourth = await host.start(
        (here, _vnet, id) => {
          if (!ofA || here !== point || (id !== 'a' && here !== 'observe')) return undefined
          reachedA.resolve()
          return never
        },
        { bootId: 'b2' },
      )
      await untilReport(fourth, isHeld)
      await fourth.reconciler.idle()
      ofA = true
      await fourth.desire(shop('b2'))
      await reachedA.promise
      fourth.kill()
      const fifth = await host.start(undefined, { bootId: 'b2' })
      await untilPhase(fifth, 'PHASE_READY')
      await fifth.reconciler.idle()
      t.same(running(host), ['a', 'b'], 'what was said for this boot holds for the next agent too')
    },
  )
}

t.test('after any history it runs where its slice was current in this boot, and nowhere else', async (t) => {
  const random = randomFrom(7)
  const pick = <T>(...all: readonly T[]): T => all[random(all.length)] as T
  const history = async (t: Tap): Promise<void> => {
    const host = fakeHost(t)
    let now = 1
    let generation = 1
    // What shall come of it: for which boot the slice that is held was said, and whether the node runs.
    let saidFor = -1
    let runs = false
    let agent = await host.start(undefined, { bootId: 'b1' })
    const told: string[] = []
    for (let step = 0; step < 16; step++) {
      const what = pick('boot', 'restart', 'crash', 'say', 'say', 'change')
      if (what === 'boot') {
        agent = await boot(host, agent, `b${++now}`)
        runs = false
      } else if (what === 'restart') {
        agent.kill()
        agent = await host.start(undefined, { bootId: `b${now}` })
      } else if (what === 'crash') {
        stopFakeNode(host.world, vnet, 'a')
        runs = false
      } else {
        const saying = pick(now, now - 1, 0)
        if (what === 'change') generation++
        await agent.desire(shop(`b${saying}`, { generation }))
        if (what === 'change' || saidFor !== now) saidFor = saying
      }
      runs ||= saidFor === now
      told.push(`${what} ${saidFor}/${now}`)
      // What ended again and again waits for a moment before it is started.
      for (const end = performance.now() + 20_000; runs && !running(host).includes('a'); await sleep(2))
        if (performance.now() > end) break
      await agent.reconciler.idle()
      t.equal(running(host).includes('a'), runs, told.join(', '))
    }
  }
  for (let number = 1; number <= 25; number++) await t.test(`history ${number}`, history)
})
