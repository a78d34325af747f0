/** The roles as their processes run them, with a real broker, real sessions, stores on disk and local sockets; only the agents are fakes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { create, type Init } from '../../proto/codec.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import { connectSession } from '../../proto/mqtt-session.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { startBroker } from '../broker/broker.ts'
import { runPip } from '../pip/run.ts'
import { systemClock } from '../roles/clock.ts'
import { runVno } from '../vno/run.ts'
import { runVnp } from '../vnp/run.ts'
import { createFakeAgent } from './fake-agent.ts'
import { chain, hostInventory, substrateText } from './world.ts'

t.setTimeout(300_000)

const logLevel = (process.env['WEFT_TEST_LOG'] ?? 'silent') as 'silent'

t.test('a VNet is built, outlives broker and roles, is changed and removed', async (t) => {
  const directory = temporaryDirectory(t)
  const path = (name: string) => join(directory, name)
  const hosts = ['h1', 'h2', 'h3']
  writeFileSync(path('pip1.yaml'), substrateText('pip1', hosts))
  const listeners = [{ path: path('broker.sock') }]
  let broker = await startBroker({ listeners })
  const brokerUrl = `unix:${path('broker.sock')}`
  const agents = hosts.map((host) =>
    createFakeAgent({
      connect: connectSession,
      url: brokerUrl,
      clock: systemClock,
      domain: 'pip1',
      inventory: hostInventory(host),
      buildMs: 10,
    }),
  )
  for (const agent of agents) agent.start()
  const places = (name: string) => ({ storePath: path(`${name}.db`), socketPath: path(`${name}.sock`), logLevel })
  const startPip = () =>
    runPip({ name: 'pip1', domain: 'pip1', brokerUrl, substrateFile: path('pip1.yaml'), ...places('pip1') })
  const startVnp = () => {
    const pips = [{ name: 'pip1', domain: 'pip1', brokerUrl }]
    return runVnp({ name: 'vnp1', domain: 'vnp1', brokerUrl, pips, ...places('vnp1') })
  }
  const startVno = () => runVno({ name: 'alice', vnp: { domain: 'vnp1', brokerUrl }, ...places('alice') })
  let running = await Promise.all([startPip(), startVnp(), startVno()])
  t.teardown(async () => {
    await Promise.all(running.map((one) => one.close()))
    for (const agent of agents) agent.stop()
    await sleep(100)
    await broker.close()
  })

  const ask = (role: string, request: Init<ApiRequest>): Promise<ApiReply> =>
    callLocal(path(`${role}.sock`), 'ApiRequest', create('ApiRequest', request), 'ApiReply')
  const state = async (): Promise<VNetState | undefined> =>
    (await ask('alice', { get: { vnet: '' } })).vnets?.vnets.find(({ vnet }) => vnet === 'shop')
  const until = async (what: string, condition: () => Promise<boolean>) => {
    const end = Date.now() + 60_000
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`not in time: ${what}`)
      await sleep(20)
    }
  }
  const ready = (generation: number) =>
    until(`generation ${generation} is ready`, async () => {
      const seen = await state()
      return seen?.phase === 'PHASE_READY' && seen.generation === generation
    })
  const apply = (count: number) => ask('alice', { apply: { request: chain('shop', count) } })

  await until('hosts are known', async () => {
    const { hosts: known } = await ask('pip1', { hosts: {} })
    return known?.hosts.every(({ status, inventory }) => status?.online && inventory) ?? false
  })
  await until('the roles see each other', () =>
    ask('alice', { plan: { request: chain('shop', 4) } }).then(
      () => true,
      () => false,
    ),
  )
  t.match((await apply(4)).vnet, { generation: 1 })
  await ready(1)
  t.same(
    (await state())?.timings.map(({ name }) => name),
    ['request', 'discovery', 'mapping', 'reservation', 'nodes', 'links'],
  )

  t.comment('the broker restarts without its memory')
  await broker.close()
  broker = await startBroker({ listeners })
  await until('all are connected again', async () => {
    const { hosts: known } = await ask('pip1', { hosts: {} })
    return known?.hosts.every(({ status }) => status?.online) ?? false
  })
  await until('a change goes through', () =>
    apply(5).then(
      () => true,
      () => false,
    ),
  )
  await ready(2)

  t.comment('a role that ended in order is known to be away')
  await running[1].close()
  await t.rejects(apply(4), { code: 'call.unreachable' })
  running[1] = await startVnp()

  t.comment('all roles restart')
  await Promise.all(running.map((one) => one.close()))
  running = await Promise.all([startPip(), startVnp(), startVno()])
  t.equal((await state())?.phase, 'PHASE_READY', 'it is known at once')
  await until('a change goes through', () =>
    apply(3).then(
      () => true,
      () => false,
    ),
  )
  await ready(3)
  t.same(agents.flatMap((agent) => [...agent.nodes]).sort(), ['alice.shop/r1', 'alice.shop/r2', 'alice.shop/r3'])
  t.same(
    agents.flatMap((agent) => [...agent.made.values()]).filter((times) => times > 1),
    [],
    'nothing was made twice',
  )

  await ask('alice', { delete: { vnet: 'shop' } })
  await until('it is gone', async () => (await state()) === undefined)
  await until('it is gone everywhere', async () => {
    const lists = await Promise.all(['vnp1', 'pip1'].map((role) => ask(role, { get: { vnet: '' } })))
    return lists.every(({ vnets }) => vnets?.vnets.length === 0)
  })
  t.same(
    agents.flatMap((agent) => [...agent.nodes]),
    [],
  )
  t.same(
    agents.flatMap((agent) => [...agent.violations]),
    [],
  )
})
