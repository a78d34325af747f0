/** An agent over the wire: desired state and commands in, reports, status and events out. */
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { create, toJson } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { HostCommand } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { AgentParts } from '../agent.ts'
import type { HypervisorDriver } from '../hypervisor/driver.ts'
import { fakeHypervisor } from '../hypervisor/fake/memory.ts'
import { ownerOf } from '../mqtt/wire.ts'
import { startBroker, until } from './support/broker.ts'
import { absent, fakeHost, node, pair, untilPhase, vnet } from './support/host.ts'

t.setTimeout(120_000)

const host = 'weft/v1/pip1/host/h1'

const setUp = async (t: Test, parts: Partial<AgentParts> = {}, datapath: 'bridge' | 'click' = 'bridge') => {
  const broker = await startBroker(t)
  const fakes = fakeHost(t, datapath)
  const start = () => fakes.start(undefined, { brokerUrl: broker.url, ...parts })
  const json = (topic: string): Record<string, unknown> | undefined => {
    const text = broker.seen.get(`${host}/${topic}/json`)
    return text ? (JSON.parse(text) as Record<string, unknown>) : undefined
  }
  return { broker, fakes, start, json }
}

const call = (session: Session, message: HostCommand, timeoutMs = 30_000) =>
  session.call(
    topics.command('pip1', 'h1', session.identity),
    'HostCommand',
    message,
    topics.reply('pip1', 'h1', session.identity),
    'HostReply',
    { timeoutMs },
  )

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof WeftError ? error.code : String(error)),
  )

t.test('a controller’s slice is built, told, removed, and its report cleared with its topic', async (t) => {
  const { broker, start, json } = await setUp(t)
  await start()
  const pip = broker.connect('pip1')
  await pip.publish(topics.desired('pip1', 'h1', vnet), 'Slice', pair(), { retain: true })
  await until(() => json(`reported/${vnet}`)?.['phase'] === 'PHASE_READY')
  t.match(json('status'), { online: true, session: '1' })
  t.match(json('inventory'), { host: 'h1', hypervisors: [{ name: 'fake' }], datapaths: [{ technologies: ['vxlan'] }] })
  await pip.clear(topics.desired('pip1', 'h1', vnet))
  t.match(
    await call(pip, create('HostCommand', { get: { vnet } })),
    { slices: { slices: [{ desired: { vnet } }] } },
    'absence removes nothing',
  )
  await pip.publish(topics.desired('pip1', 'h1', vnet), 'Slice', absent(2), { retain: true })
  await until(() => json(`reported/${vnet}`)?.['phase'] === 'PHASE_GONE')
  t.equal(await codeOf(call(pip, create('HostCommand', { get: { vnet } }))), 'vnet.unknown')
  await pip.clear(topics.desired('pip1', 'h1', vnet))
  await until(() => broker.seen.get(`${host}/reported/${vnet}`) === '')
  t.match(json('event'), { kind: 'slice.gone', vnet })
})

t.test('one JSON from any client builds two nodes and a link, and takes them down', async (t) => {
  const { broker, start, json, fakes } = await setUp(t)
  await start()
  await until(() => json('status') !== undefined)
  const slice = toJson('Slice', pair({ epoch: 9, generation: 0 }))
  const say = (body: unknown) =>
    broker.publish(`${host}/command/carol/json`, JSON.stringify({ correlation: '1', body }))
  await say({ apply: { slice } })
  await until(() => json(`reported/${vnet}`)?.['phase'] === 'PHASE_READY')
  t.match(json('reply/carol'), { correlation: '1', body: { reported: { vnet, generation: '1' } } })
  t.equal(fakes.world.nodes.size, 2)
  const dave = broker.connect('dave')
  t.equal(await codeOf(call(dave, create('HostCommand', { get: { vnet } }))), 'owner.denied')
  t.equal(await codeOf(call(dave, create('HostCommand', { delete: { vnet } }))), 'owner.denied')
  t.equal(
    await codeOf(call(dave, create('HostCommand', { apply: { slice: pair({ generation: 5 }) } }))),
    'owner.denied',
  )
  t.same((await call(dave, create('HostCommand', { get: {} }))).slices?.slices, [])
  const pip = broker.connect('pip1')
  t.equal((await call(pip, create('HostCommand', { get: {} }))).slices?.slices.length, 1, 'the controller sees it')
  t.equal(await codeOf(call(pip, create('HostCommand', { delete: { vnet } }))), 'owner.denied', 'and leaves it alone')
  await say({ delete: { vnet } })
  await until(() => fakes.world.nodes.size === 0)
  await until(() => broker.seen.get(`${host}/reported/${vnet}`) === '')
})

t.test('no client passes for another', async (t) => {
  t.equal(ownerOf('pip1', 'pip1'), 'controller')
  t.equal(ownerOf('carol', 'pip1'), 'carol')
  for (const name of ['controller', 'local']) t.throws(() => ownerOf(name, 'pip1'), { code: 'owner.denied' })
})

t.test('with the broker gone all goes on, and the local socket serves', async (t) => {
  const socketPath = `/tmp/weft-agent-${process.pid}.sock`
  t.teardown(() => rm(socketPath, { force: true }))
  const { broker, start, json, fakes } = await setUp(t, { socketPath })
  const agent = await start()
  const pip = broker.connect('pip1')
  await pip.publish(topics.desired('pip1', 'h1', vnet), 'Slice', pair(), { retain: true })
  await until(() => json(`reported/${vnet}`)?.['phase'] === 'PHASE_READY')
  await agent.reconciler.idle()
  const before = JSON.stringify([...fakes.datapath.held])
  await broker.down()
  t.equal(JSON.stringify([...fakes.datapath.held]), before)
  t.equal(fakes.world.nodes.size, 2)
  const local = (command: HostCommand) => callLocal(socketPath, 'HostCommand', command, 'HostReply')
  t.match(await local(create('HostCommand', { host: {} })), {
    host: { status: { online: true }, inventory: { host: 'h1' }, usage: { nodes: 2, links: 1 } },
  })
  t.match(await local(create('HostCommand', { get: { vnet } })), {
    slices: { slices: [{ desired: { owner: 'controller' }, reported: { phase: 'PHASE_READY' } }] },
  })
  t.equal(await codeOf(local(create('HostCommand', { delete: { vnet } }))), 'owner.denied')
  const own = pair({ vnet: 'own', nodes: [node('x')], links: [] })
  t.match(await local(create('HostCommand', { apply: { slice: own } })), { reported: { vnet: 'own' } })
  await untilPhase(agent, 'PHASE_READY')
  await until(() => agent.told.get('own')?.phase === 'PHASE_READY')
  await broker.up()
  await until(() => json('reported/own')?.['phase'] === 'PHASE_READY')
  t.match(json('status'), { online: true }, 'everything is told again')
})

t.test('commands that make no sense are refused with a code', async (t) => {
  const { broker, start } = await setUp(t)
  await start()
  const carol = broker.connect('carol')
  const refused = (message: Parameters<typeof create<'HostCommand'>>[1]) =>
    codeOf(call(carol, create('HostCommand', message)))
  t.equal(await refused({}), 'verb.unsupported')
  t.equal(await refused({ apply: {} }), 'message.malformed')
  t.equal(await refused({ apply: { slice: { vnet: '../etc' } } }), 'slice.invalid')
  t.equal(await refused({ delete: { vnet: 'nobody' } }), 'vnet.unknown')
  t.equal(await refused({ exec: { vnet: 'nobody', node: 'a', argv: ['true'] } }), 'vnet.unknown')
  await call(carol, create('HostCommand', { apply: { slice: pair() } }))
  t.equal(await refused({ exec: { vnet, node: 'z', argv: ['true'] } }), 'node.unknown')
  t.equal(await refused({ exec: { vnet, node: 'a', argv: [] } }), 'message.malformed')
  t.equal(await refused({ apply: { slice: pair({ nodes: [], links: [] }) } }), 'generation.stale')
  t.equal(await refused({ resync: {} }), 'none')
})

t.test('a link’s counters are told to who sees the slice, handlers of own Click to its owner alone', async (t) => {
  const { broker, start, json } = await setUp(t, {}, 'click')
  await start()
  const ask = (who: string, message: Parameters<typeof create<'HostCommand'>>[1]) =>
    call(broker.connect(who), create('HostCommand', message))
  const nodes = [node('a'), node('b')].map((one) => ({
    ...one,
    interfaces: (one.interfaces ?? []).map((own) => ({
      ...own,
      forwarding: 'click',
      click: 'input -> c :: Counter -> output;',
    })),
  }))
  await ask('carol', { apply: { slice: pair({ nodes }) } })
  await until(() => json(`reported/${vnet}`)?.['phase'] === 'PHASE_READY')
  const link = { vnet, link: pair().links[0]?.id ?? '' }
  const counted = {
    link: {
      datapath: 'click',
      directions: [
        { from: 'a.0', to: 'b.0' },
        { from: 'b.0', to: 'a.0' },
      ],
    },
  }
  t.match(await ask('carol', { link }), counted)
  t.match(await ask('pip1', { link }), counted)
  t.equal(await codeOf(ask('dave', { link })), 'owner.denied')
  t.equal(await codeOf(ask('carol', { link: { vnet, link: 'none' } })), 'link.unknown')

  const handler = { vnet, node: 'a', interface: 0, handler: 'c.count' }
  t.match(await ask('carol', { handler }), { router: { handlers: [{ name: 'c.count', value: '0' }] } })
  t.match(await ask('carol', { handler: { ...handler, write: true, value: '' } }), {
    router: { handlers: [{ value: '' }] },
  })
  t.equal(await codeOf(ask('dave', { handler })), 'owner.denied')
  t.equal(await codeOf(ask('pip1', { handler })), 'owner.denied', 'nor the controller')
  t.equal(await codeOf(ask('carol', { handler: { ...handler, node: 'z' } })), 'node.unknown')
  t.equal(await codeOf(ask('carol', { handler: { ...handler, interface: 7 } })), 'router.unknown')
  t.equal(await codeOf(ask('carol', { handler: { ...handler, handler: '', write: true } })), 'message.malformed')
})

t.test('a client need not count generations', async (t) => {
  const { broker, start } = await setUp(t)
  await start()
  const carol = broker.connect('carol')
  const apply = async (nodes: readonly string[]) =>
    (
      await call(
        carol,
        create('HostCommand', {
          apply: { slice: pair({ generation: 0, links: [], nodes: nodes.map((id) => node(id)) }) },
        }),
      )
    ).reported?.generation
  t.same([await apply(['a']), await apply(['a']), await apply(['a', 'b'])], [1, 1, 2])
})

t.test('the broker says when an agent is gone, and the agent says farewell', async (t) => {
  const { start, json } = await setUp(t)
  const agent = await start()
  await until(() => json('status')?.['online'] === true)
  await agent.close(0)
  await until(() => json('status')?.['online'] !== true)
  t.equal(json('status')?.['session'], '1')
  const second = await start()
  await until(() => json('status')?.['online'] === true)
  t.equal(json('status')?.['session'], '2', 'each run has a number of its own')
  t.ok(second)
})

t.test('an agent is online once it can be called, not before', async (t) => {
  const { broker, fakes } = await setUp(t)
  const carol = broker.connect('carol')
  const answered = new Promise<string>((resolve) => {
    void carol.subscribe(topics.status('pip1', 'h1'), 'HostStatus', (status) => {
      if (status?.online) resolve(codeOf(call(carol, create('HostCommand', { get: {} }), 5000)))
    })
  })
  const fake = fakeHypervisor({ world: fakes.world })
  let release = (): void => undefined
  const adopting = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow: HypervisorDriver = { ...fake, watch: (changed) => adopting.then(() => fake.watch(changed)) }
  const drivers = { hypervisors: [slow], datapaths: [fakes.datapath] }
  const started = fakes.start(undefined, { brokerUrl: broker.url, drivers })
  // Long after its connection to the broker is there.
  await sleep(300)
  release()
  await started
  t.equal(await answered, 'none')
})
