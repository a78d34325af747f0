/** The loop over a host of fakes: what was asked for comes to be, stays so, and goes. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { WeftError } from '../../proto/errors.ts'
import type { Reported } from '../../proto/generated/weft.v1.ts'
import { stopFakeNode } from '../hypervisor/fake/memory.ts'
import { absent, fakeHost, node, pair, untilPhase, untilReport, vnet } from './support/host.ts'

t.setTimeout(300_000)

const calls = (world: { readonly calls: readonly string[] }, call: string): readonly string[] =>
  world.calls.filter((one) => one.startsWith(`${call} `)).sort()

t.test('two nodes and a link are built once, told, and removed without a trace', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair())
  const ready = await untilPhase(agent, 'PHASE_READY')
  t.match(ready, {
    generation: 1,
    epoch: 1,
    nodes: [
      { id: 'a', state: 'OBJECT_STATE_READY', vifs: [{ index: 0, name: 'vif1.0', addresses: ['10.0.0.1/30'] }] },
      { id: 'b', state: 'OBJECT_STATE_READY', vifs: [{ index: 0, name: 'vif2.0' }] },
    ],
    links: [{ id: 'a-b', state: 'OBJECT_STATE_READY', mtu: 1450, interfaces: ['wb-a-b'] }],
    timings: [{ name: /nodes|links/ }, { name: /nodes|links/ }],
  })
  t.same(host.datapath.held.get(`${vnet}/a-b`)?.joined, ['vif1.0', 'vif2.0'])
  await agent.reconciler.idle()
  t.same(calls(host.world, 'start'), [`start ${vnet}/a`, `start ${vnet}/b`])
  t.same(calls(host.world, 'configure'), [`configure ${vnet}/a`, `configure ${vnet}/b`])

  await agent.desire(pair())
  await agent.reconciler.idle()
  t.equal(host.world.calls.length, 4, 'the same again does nothing')

  await agent.desire(absent(2))
  t.match(await untilPhase(agent, 'PHASE_GONE'), {
    generation: 2,
    nodes: [],
    links: [],
    timings: [{ name: 'removal' }],
  })
  t.equal(host.world.nodes.size, 0)
  t.equal(host.datapath.held.size, 0)
  t.same((await readdir(join(host.stateDir, 'desired'))).sort(), ['epoch'])
  t.equal((await readFile(join(host.stateDir, 'slots.json'), 'utf8')).trim(), '{}')
})

t.test('a change touches what changed and nothing else', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair())
  await untilPhase(agent, 'PHASE_READY')
  await agent.reconciler.idle()
  host.world.calls.length = 0
  const moved = node('b', { interfaces: [{ index: 0, addresses: ['10.0.0.6/30'], mtu: 1450 }] })
  await agent.desire(pair({ generation: 2, nodes: [node('a'), moved] }))
  await untilPhase(agent, 'PHASE_READY', 2)
  t.same(host.world.calls, [`configure ${vnet}/b`], 'an address changes live')
  host.world.calls.length = 0
  await agent.desire(pair({ generation: 3, nodes: [node('a', { memoryBytes: 1 << 28 }), moved, node('c')] }))
  await untilPhase(agent, 'PHASE_READY', 3)
  await agent.reconciler.idle()
  t.same(
    [...host.world.calls].sort(),
    ['configure a', 'configure c', 'remove a', 'start a', 'start c'].map((call) => call.replace(' ', ` ${vnet}/`)),
  )
  t.same(host.datapath.held.get(`${vnet}/a-b`)?.joined, ['vif1.0', 'vif2.0'], 'the node came back to its link')
})

t.test('what fails says so, is tried again, and holds up nothing else', async (t) => {
  const host = fakeHost(t)
  let fails = true
  const agent = await host.start((point, _vnet, id) => {
    if (fails && point === 'start.run' && id === 'b') throw new WeftError('image.unknown', 'no such image')
  })
  await agent.desire(pair())
  const degraded = await untilReport(
    agent,
    ({ nodes }) => nodes[0]?.state === 'OBJECT_STATE_READY' && nodes[1]?.state === 'OBJECT_STATE_FAILED',
  )
  t.match(degraded, { phase: 'PHASE_DEGRADED', nodes: [{}, { error: { code: 'image.unknown' } }] })
  t.match(degraded.links, [{ state: 'OBJECT_STATE_BUILDING' }], 'the link waits for a vif')
  fails = false
  t.match(await untilPhase(agent, 'PHASE_READY'), { nodes: [{}, { error: undefined }] })
})

t.test('a link that fails is tried again, and the nodes are none the worse', async (t) => {
  const host = fakeHost(t)
  host.datapath.failOn('a-b')
  const agent = await host.start()
  await agent.desire(pair())
  const degraded = await untilReport(
    agent,
    ({ nodes, links }) =>
      nodes.every(({ state }) => state === 'OBJECT_STATE_READY') && links[0]?.state === 'OBJECT_STATE_FAILED',
  )
  t.match(degraded.links, [{ error: { code: 'datapath.failed', object: 'link/a-b' } }])
  host.datapath.failOn()
  await untilPhase(agent, 'PHASE_READY')
})

t.test('what is disturbed behind its back is repaired', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair())
  await untilPhase(agent, 'PHASE_READY')
  await agent.reconciler.idle()
  const before = agent.history.length
  host.datapath.disturb(vnet, 'a-b')
  stopFakeNode(host.world, vnet, 'a')
  // Mending is faster than looking: what was told meanwhile is remembered.
  const isMended = () => agent.history.slice(before).some(({ phase }) => phase !== 'PHASE_READY')
  await untilReport(agent, ({ phase }) => phase === 'PHASE_READY' && isMended())
  await agent.reconciler.idle()
  t.same(host.datapath.held.get(`${vnet}/a-b`)?.joined, ['vif1.0', 'vif2.0'])
  t.same(calls(host.world, 'start'), [`start ${vnet}/a`, `start ${vnet}/a`, `start ${vnet}/b`])
})

t.test('a node that shall not be restarted stays down and says so', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair({ nodes: [node('a', { restartPolicy: 'never' }), node('b')] }))
  await untilPhase(agent, 'PHASE_READY')
  await agent.reconciler.idle()
  stopFakeNode(host.world, vnet, 'a')
  const down = await untilPhase(agent, 'PHASE_DEGRADED')
  t.match(down.nodes, [{ state: 'OBJECT_STATE_FAILED', error: { code: 'node.not-running', hint: /never/ } }, {}])
  await agent.reconciler.idle()
  t.same(calls(host.world, 'start').length, 2)
})

t.test('what ends again and again waits longer each time, and says until when', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start(undefined, { retry: { retryFirstMs: 400, retryMostMs: 20_000 } })
  await agent.desire(pair({ nodes: [node('a', { restartPolicy: 'on-failure' }), node('b')] }))
  await untilPhase(agent, 'PHASE_READY')
  await agent.reconciler.idle()
  const ofA = ({ nodes }: Reported) => nodes.find(({ id }) => id === 'a')
  const isUp = (restarts: number) => (one: Reported) => one.phase === 'PHASE_READY' && ofA(one)?.restarts === restarts

  stopFakeNode(host.world, vnet, 'a')
  await untilReport(agent, isUp(1))
  stopFakeNode(host.world, vnet, 'a')
  const waiting = ofA(await untilReport(agent, (one) => (ofA(one)?.nextTryUnixMs ?? 0) > 0))
  t.match(waiting, {
    state: 'OBJECT_STATE_FAILED',
    restarts: 1,
    lastEnd: { how: 'crashed' },
    error: { code: 'node.not-running', hint: 'it is started again soon' },
  })
  t.ok(Number(waiting?.nextTryUnixMs) - Number(waiting?.lastEnd?.unixMs) <= 400)
  await untilReport(agent, isUp(2))

  agent.kill()
  const next = await host.start()
  t.match(ofA(await untilPhase(next, 'PHASE_READY')), { restarts: 2, lastEnd: waiting?.lastEnd })

  stopFakeNode(host.world, vnet, 'a', 'rebooted')
  await untilReport(next, isUp(3))
  stopFakeNode(host.world, vnet, 'a', 'stopped')
  const down = ofA(await untilPhase(next, 'PHASE_DEGRADED'))
  t.match(down, { lastEnd: { how: 'stopped' }, nextTryUnixMs: 0, error: { hint: 'its restart policy is on-failure' } })

  await next.desire(absent(2))
  await untilPhase(next, 'PHASE_GONE')
  await next.desire(pair({ generation: 3 }))
  t.match(ofA(await untilPhase(next, 'PHASE_READY', 3)), { restarts: 0, lastEnd: undefined })
})

t.test('slices that are refused change nothing, and the invalid one is answered', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair({ generation: 5, epoch: 3 }))
  await untilPhase(agent, 'PHASE_READY')
  await agent.desire(pair({ generation: 4, epoch: 3, nodes: [], links: [] }))
  await agent.desire(pair({ generation: 9, epoch: 2, nodes: [], links: [] }))
  await agent.reconciler.idle()
  t.match(agent.reconciler.reportOf(vnet), { generation: 5, phase: 'PHASE_READY' })
  await agent.desire(pair({ generation: 6, epoch: 3, nodes: [node('a'), node('a')], links: [] }))
  t.match(await untilPhase(agent, 'PHASE_DEGRADED'), {
    generation: 6,
    error: { code: 'slice.invalid' },
    nodes: [{ state: 'OBJECT_STATE_READY' }, { state: 'OBJECT_STATE_READY' }],
  })
  await agent.desire(pair({ generation: 7, epoch: 3 }))
  t.match(await untilPhase(agent, 'PHASE_READY'), { generation: 7, error: undefined })
  await agent.desire(pair({ vnet: 'bob.net', nodes: [node('x', { hypervisor: '' })], links: [] }))
  const rejected = await untilReport(agent, ({ phase }) => phase === 'PHASE_REJECTED', 20_000, 'bob.net')
  t.match(rejected, { error: { code: 'slice.invalid', object: 'node/x' }, nodes: [] })
})

t.test('VNets with the same names and addresses live beside each other', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await Promise.all([agent.desire(pair()), agent.desire(pair({ vnet: 'bob.shop' }))])
  await untilPhase(agent, 'PHASE_READY')
  await untilReport(agent, ({ phase }) => phase === 'PHASE_READY', 20_000, 'bob.shop')
  const vifs = [...host.world.nodes.values()].flatMap((one) => one.vifs)
  t.equal(new Set(vifs).size, 4)
  await agent.desire(absent(2))
  await untilPhase(agent, 'PHASE_GONE')
  await agent.reconciler.idle()
  t.match(agent.reconciler.reportOf('bob.shop'), { phase: 'PHASE_READY' })
  t.equal(host.world.nodes.size, 2)
  t.equal(host.datapath.held.size, 1)
})

t.test('what is wanted while it is still being removed is built after', async (t) => {
  const host = fakeHost(t)
  const hold = Promise.withResolvers<void>()
  const agent = await host.start((point) => (point === 'remove.stop' ? hold.promise : undefined))
  await agent.desire(pair())
  await untilPhase(agent, 'PHASE_READY')
  await agent.desire(absent(2))
  await untilPhase(agent, 'PHASE_REMOVING')
  await agent.desire(pair({ generation: 3 }))
  await sleep(20)
  hold.resolve()
  t.match(await untilPhase(agent, 'PHASE_READY', 3), { nodes: [{ id: 'a' }, { id: 'b' }] })
  await agent.reconciler.idle()
  t.ok([...host.world.nodes.values()].every(({ running }) => running))
})

t.test('a VNet that is wanted again as it goes is never said to be gone', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start(() => sleep(1))
  let generation = 0
  for (let round = 0; round < 30; round++) {
    await agent.desire(pair({ generation: ++generation, links: [] }))
    await sleep(round % 7)
    await agent.desire(absent(++generation))
    await sleep(round % 5)
  }
  await agent.desire(pair({ generation: ++generation }))
  await untilPhase(agent, 'PHASE_READY', generation)
  await agent.reconciler.idle()
  t.same([...host.world.nodes.keys()].sort(), [`${vnet}/a`, `${vnet}/b`])
  const said = agent.history.map((one) => one.generation)
  t.same(
    said,
    [...said].sort((a, b) => a - b),
    'reports never go back',
  )
  await agent.desire(absent(++generation))
  await untilPhase(agent, 'PHASE_GONE', generation)
})

t.test('a hundred nodes in a line', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  const ids = Array.from({ length: 100 }, (_, i) => `n${i}`)
  const two = [{ index: 0 }, { index: 1 }]
  await agent.desire(
    pair({
      nodes: ids.map((id) => node(id, { interfaces: two })),
      links: ids.slice(1).map((id, i) => ({
        id: `l${i}`,
        ends: [
          { node: `n${i}`, interface: 1 },
          { node: id, interface: 0 },
        ],
      })),
    }),
  )
  const { nodes, links } = await untilPhase(agent, 'PHASE_READY')
  t.equal(nodes.length, 100)
  t.equal(links.length, 99)
  await agent.reconciler.idle()
  t.equal(calls(host.world, 'start').length, 100)
  await agent.desire(absent(2))
  await untilPhase(agent, 'PHASE_GONE')
})
