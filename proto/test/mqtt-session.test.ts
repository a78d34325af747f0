import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import { create } from '../codec.ts'
import { WeftError } from '../errors.ts'
import type { Messages } from '../generated/weft.v1.ts'
import { connectSession } from '../mqtt-session.ts'
import type { Session, SessionOptions } from '../session.ts'
import { topics } from '../topics.ts'
import { temporaryDirectory } from './temporary.ts'

const patience = 20_000

/** A broker on a unix socket that can be cut off and brought back. */
const startBroker = async (t: Test) => {
  const aedes = await Aedes.createBroker()
  const path = join(temporaryDirectory(t), 'broker.sock')
  const sockets = new Set<Socket>()
  const listen = async () => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      aedes.handle(socket)
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return server
  }
  let server = await listen()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(async () => {
    cut()
    server.close()
    await new Promise<void>((resolve) => aedes.close(resolve))
  })
  return {
    cut,
    connect(t: Test, identity: string, options: Partial<SessionOptions> = {}): Session {
      const session = connectSession({ url: `unix:${path}`, identity, ...options })
      t.teardown(() => session.close())
      return session
    },
    publish: (topic: string, payload: Buffer) =>
      new Promise<void>((resolve) => {
        aedes.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, () => resolve())
      }),
    async restart() {
      cut()
      await new Promise((resolve) => server.close(resolve))
      server = await listen()
    },
  }
}

const until = async (what: () => boolean) => {
  for (let waited = 0; !what(); waited += 10) {
    if (waited > patience) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

t.test('a retained message reaches who comes later, and clearing it is seen', async (t) => {
  const broker = await startBroker(t)
  const [one, two] = [broker.connect(t, 'one'), broker.connect(t, 'two')]
  const topic = topics.inventory('d', 'h1')
  await one.publish(topic, 'HostInventory', create('HostInventory', { host: 'h1', cpus: 2 }), {
    retain: true,
    epoch: 4,
  })
  const seen: (Messages['HostInventory'] | undefined)[] = []
  await two.subscribe(topics.inventory('d', '+'), 'HostInventory', (message, { envelope, retained }) => {
    if (message) t.match({ envelope, retained }, { envelope: { sender: 'one', epoch: 4 }, retained: true })
    seen.push(message)
  })
  await until(() => seen.length === 1)
  t.match(seen[0], { host: 'h1', cpus: 2 })
  await one.clear(topic)
  await until(() => seen.length === 2)
  t.equal(seen[1], undefined)
})

const wire = (message: string) => ({ code: 'request.invalid', message, object: '', where: '', hint: '' })

t.test('a call is served, in binary and in JSON, an error keeps its code, several come back', async (t) => {
  const broker = await startBroker(t)
  const [server, client] = [broker.connect(t, 'pip'), broker.connect(t, 'vnp')]
  let served = 0
  await server.serve(
    topics.apiRequest('d', '+'),
    'ApiRequest',
    'ApiReply',
    (c) => topics.apiReply('d', c),
    async (request, c) => {
      served++
      if (request.delete) throw new WeftError('vnet.unknown', 'there is no VNet x', { object: 'vnet/x' })
      if (request.hosts) return create('ApiReply', { error: wire('one'), moreErrors: [wire('two')] })
      return create('ApiReply', { vnet: { vnet: request.get?.vnet, owner: c } })
    },
  )
  const call = (request: Messages['ApiRequest'], idempotencyKey = '') =>
    client.call(topics.apiRequest('d', 'vnp'), 'ApiRequest', request, topics.apiReply('d', 'vnp'), 'ApiReply', {
      idempotencyKey,
      timeoutMs: patience,
    })
  t.match(await call(create('ApiRequest', { get: { vnet: 'a' } })), { vnet: { vnet: 'a', owner: 'vnp' } })
  await t.rejects(call(create('ApiRequest', { delete: { vnet: 'x' } })), { code: 'vnet.unknown', object: 'vnet/x' })

  await t.rejects(call(create('ApiRequest', { hosts: {} })), { errors: [{ message: 'one' }, { message: 'two' }] })

  served = 0
  await Promise.all([
    call(create('ApiRequest', { get: { vnet: 'a' } }), 'k'),
    call(create('ApiRequest', { get: { vnet: 'a' } }), 'k'),
  ])
  t.equal(served, 1, 'a repeated idempotency key has one effect')
})

t.test('a call that nobody answers times out, one without a broker is unreachable', async (t) => {
  const broker = await startBroker(t)
  const client = broker.connect(t, 'vnp')
  await until(() => client.connected)
  const options = { timeoutMs: 200 }
  const ask = (session: Session) =>
    session.call(
      'weft/v1/d/api/request/vnp',
      'ApiRequest',
      create('ApiRequest', { get: {} }),
      'weft/v1/d/api/reply/vnp',
      'ApiReply',
      options,
    )
  await t.rejects(ask(client), { code: 'call.timeout' })
  const alone = connectSession({ url: `unix:${temporaryDirectory(t)}/nobody.sock`, identity: 'alone' })
  t.teardown(() => alone.close())
  await t.rejects(ask(alone), { code: 'call.unreachable' })
})

t.test('subscriptions and publications outlive the broker', async (t) => {
  const broker = await startBroker(t)
  let connections = 0
  const one = broker.connect(t, 'one', { onConnect: () => connections++ })
  const two = broker.connect(t, 'two')
  const seen: string[] = []
  await two.subscribe(topics.status('d', '+'), 'HostStatus', (message) => seen.push(message?.bootId ?? ''))
  await until(() => one.connected && two.connected)
  await broker.restart()
  await until(() => connections === 2 && two.connected)
  await one.publish(topics.status('d', 'h1'), 'HostStatus', create('HostStatus', { bootId: 'b' }), { retain: true })
  await until(() => seen.includes('b'))
})

t.test('the will is published where a session breaks, and by close', async (t) => {
  const broker = await startBroker(t)
  const topic = topics.status('d', 'h1')
  const will = { topic, name: 'HostStatus', message: create('HostStatus', { session: 3 }) } as const
  const watcher = broker.connect(t, 'watcher')
  const seen: number[] = []
  await watcher.subscribe(topic, 'HostStatus', (message) => seen.push(message?.session ?? -1))
  const leaver = broker.connect(t, 'leaver', { will })
  await until(() => leaver.connected)
  await leaver.close()
  await until(() => seen.includes(3))
})

t.test('what is too large for the wire is refused, also as an answer', async (t) => {
  const broker = await startBroker(t)
  const [server, client] = [broker.connect(t, 'pip'), broker.connect(t, 'vnp')]
  const big = 'x'.repeat(200_000)
  await server.serve(
    topics.apiRequest('d', '+'),
    'ApiRequest',
    'ApiReply',
    (c) => topics.apiReply('d', c),
    async () => create('ApiReply', { vnet: { vnet: big } }),
  )
  const call = client.call(
    topics.apiRequest('d', 'vnp'),
    'ApiRequest',
    create('ApiRequest', { get: {} }),
    topics.apiReply('d', 'vnp'),
    'ApiReply',
    { timeoutMs: patience },
  )
  await t.rejects(call, { code: 'message.too-large' })
  await t.rejects(client.publish(topics.status('d', 'h'), 'HostStatus', create('HostStatus', { bootId: big })), {
    code: 'message.too-large',
  })
})

t.test('garbage is told to onProblem and harms nothing', async (t) => {
  const broker = await startBroker(t)
  const problems: unknown[] = []
  const one = broker.connect(t, 'one', { onProblem: (error) => problems.push(error) })
  const two = broker.connect(t, 'two')
  const seen: string[] = []
  await until(() => one.connected)
  await one.subscribe(topics.status('d', '+'), 'HostStatus', (message) => seen.push(message?.bootId ?? ''))
  await broker.publish(topics.status('d', 'h1'), Buffer.from([0x0a, 0xff]))
  await until(() => problems.length > 0)
  await two.publish(topics.status('d', 'h1'), 'HostStatus', create('HostStatus', { bootId: 'b' }))
  await until(() => seen.length > 0)
})
