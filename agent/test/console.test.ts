import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../proto/codec.ts'
import { connectConsole } from '../../proto/console/connect.ts'
import { hasCode } from '../../proto/errors.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { localOwner } from '../commands/context.ts'
import { until, watching } from '../console/test/support.ts'
import { stopFakeNode } from '../hypervisor/fake/memory.ts'
import { absent, fakeHost, type KillableAgent, node, pair, untilPhase, untilReport, vnet } from './support/host.ts'

const greeting = 'a is a fake in memory: it says what you say\r\n'

const open = async (agent: KillableAgent, owner = localOwner, change = {}) => {
  const command = create('HostCommand', { console: { vnet, node: 'a', ...change } })
  const { console } = await agent.command(command, owner)
  if (!console) throw new Error('no ticket')
  return console
}

const started = async (t: Test) => {
  const host = fakeHost(t)
  const console = { listen: `unix:${join(temporaryDirectory(t), 's')}` }
  const start = () => host.start(undefined, { console })
  const agent = await start()
  await agent.desire(pair())
  await untilPhase(agent, 'PHASE_READY')
  return { host, agent, start }
}

t.test('a node is talked to by its console', async (t) => {
  const { agent } = await started(t)
  const one = watching(t, await connectConsole(await open(agent)))
  await until(() => one.writer() && one.isLive())
  one.socket.send(Buffer.from('ls\r'))
  await until(() => one.text().length >= greeting.length + 4)
  t.equal(one.text(), `${greeting}ls\r\n`)
})

t.test('only whoever may run commands in a node gets its console', async (t) => {
  const { agent } = await started(t)
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error) => error.code,
    )
  t.equal(await code(open(agent, 'mallory')), 'owner.denied')
  t.equal(await code(open(agent, 'controller')), 'none')
  t.equal(await code(open(agent, localOwner, { node: 'z' })), 'node.unknown')
  t.equal(await code(open(agent, localOwner, { vnet: 'bob.shop' })), 'vnet.unknown')

  const clients = create('Slice', { ...pair(), vnet: 'own', nodes: [node('x')], links: [] })
  await agent.command(create('HostCommand', { apply: { slice: clients } }), 'bob')
  await untilReport(agent, ({ phase }) => phase === 'PHASE_READY', 60_000, 'own')
  t.equal(await code(open(agent, 'controller', { vnet: 'own', node: 'x' })), 'owner.denied', 'a client’s own slice')
  t.equal(await code(open(agent, 'bob', { vnet: 'own', node: 'x' })), 'none')
  // What it still writes would be in the way of its directory's end.
  await agent.reconciler.idle()
})

t.test('a restarted agent goes on where the one before it was killed', async (t) => {
  const { agent, start } = await started(t)
  const one = watching(t, await connectConsole(await open(agent)))
  await until(() => one.writer() && one.isLive())
  one.socket.send(Buffer.from('first '))
  await until(() => one.text().endsWith('first '))
  const { token } = await open(agent)
  await agent.close(0)
  await until(() => one.code() !== undefined)
  t.equal(one.ended(), undefined, 'the node goes on')

  const next = await start()
  const ticket = await open(next, localOwner, { after: one.position() })
  await t.rejects(connectConsole({ ...ticket, token }), { code: 'token.invalid' }, 'tokens do not outlive an agent')
  const again = watching(t, await connectConsole(ticket))
  await until(() => again.writer() && again.isLive())
  again.socket.send(Buffer.from('second'))
  // A fake greets whoever opens it.
  await until(() => again.text() === `${greeting}second`)
  const all = watching(t, await connectConsole(await open(next, localOwner, { readOnly: true })))
  await until(() => all.isLive())
  t.equal(all.text(), `${greeting}first ${greeting}second`)
  t.equal(all.writer(), false)
})

t.test(
  'the console of a node that is started again goes on; that of one that is removed ends, and leaves nothing',
  async (t) => {
    const { host, agent } = await started(t)
    const one = watching(t, await connectConsole(await open(agent)))
    await until(() => one.running() && one.text() === greeting)
    stopFakeNode(host.world, vnet, 'a')
    await until(() => one.running() && one.text() === greeting + greeting)
    await agent.desire(absent(2))
    await untilPhase(agent, 'PHASE_GONE')
    await until(() => one.ended() !== undefined && one.code() === 1000)
    await until(() => readdirSync(join(host.stateDir, 'consoles')).length === 0)
    t.pass('no output of it is left')
  },
)

t.test('an agent that serves no consoles says so', async (t) => {
  const host = fakeHost(t)
  const agent = await host.start()
  await agent.desire(pair())
  await untilPhase(agent, 'PHASE_READY')
  const refusal = await open(agent).catch((error: unknown) => error)
  t.ok(hasCode(refusal, 'verb.unsupported'), String(refusal))
})
