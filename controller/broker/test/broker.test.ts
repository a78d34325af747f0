import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { maxPayloadBytes } from '../../../proto/envelope.ts'
import { connectSession } from '../../../proto/mqtt-session.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { maxPacketBytes, startBroker } from '../broker.ts'
import { parseListener } from '../main.ts'
import { brokerSuite } from './suite.ts'

brokerSuite(t, 'the embedded broker', async (t) => {
  const path = join(temporaryDirectory(t), 'broker.sock')
  const broker = await startBroker({ listeners: [{ path }] })
  t.teardown(() => broker.close())
  return broker.urls[0] ?? ''
})

t.test('it listens at several places at once, and one message reaches all', async (t) => {
  const path = join(temporaryDirectory(t), 'broker.sock')
  const broker = await startBroker({ listeners: [{ path }, { host: '127.0.0.1', port: 0 }] })
  t.teardown(() => broker.close())
  t.match(broker.urls, [`unix:${path}`, /^mqtt:\/\/127\.0\.0\.1:\d+$/])
  t.equal(statSync(path).mode & 0o777, 0o600)
  const [one, two] = broker.urls.map((url, i) => connectSession({ url, identity: `c${i}` }))
  t.teardown(() => Promise.all([one?.close(), two?.close()]))
  const seen = new Promise((resolve) => {
    void one?.subscribe('weft/v1/d/host/+/inventory', 'HostInventory', (message) => resolve(message?.host))
  })
  await two?.publish('weft/v1/d/host/h/inventory', 'HostInventory', create('HostInventory', { host: 'h' }), {
    retain: true,
  })
  t.equal(await seen, 'h')
})

t.test('a client whose packet is too large is cut off before the packet is there, and others are not', async (t) => {
  const path = join(temporaryDirectory(t), 'broker.sock')
  const problems: string[] = []
  const broker = await startBroker({ listeners: [{ path }], onProblem: (problem) => problems.push(problem) })
  t.teardown(() => broker.close())
  const other = connectSession({ url: `unix:${path}`, identity: 'other' })
  t.teardown(() => other.close())
  await other.publish('weft/v1/d/host/h/inventory', 'HostInventory', create('HostInventory'))
  const socket = connect(path)
  const closed = once(socket, 'close')
  // CONNECT (MQTT 3.1.1, 3.1): protocol name and level 4, clean session, keep alive 60 s, client id "big".
  const hello = [0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 3, 0x62, 0x69, 0x67]
  socket.write(Buffer.from(hello))
  await once(socket, 'data')
  // PUBLISH with a remaining length of 256 MiB - 1.
  socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))
  await closed
  t.match(problems, [/^big: error: .*more than/])
  t.ok(other.connected)
  t.ok(maxPacketBytes > maxPayloadBytes)
})

t.test(
  'a socket file that a killed broker left is taken over, one in use and one of another kind are not',
  async (t) => {
    const directory = temporaryDirectory(t)
    const path = join(directory, 'broker.sock')
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    const killed = spawn(process.execPath, [main, `unix:${path}`], { stdio: ['ignore', 'ignore', 'pipe'] })
    await once(killed.stderr, 'data')
    await t.rejects(startBroker({ listeners: [{ path }] }), { code: 'broker.failed', message: /EADDRINUSE/ })
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    t.ok(existsSync(path))
    const broker = await startBroker({ listeners: [{ path }] })
    await broker.close()
    t.notOk(existsSync(path), 'it removes its own')
    const file = join(directory, 'file')
    writeFileSync(file, 'not ours')
    await t.rejects(startBroker({ listeners: [{ path: file }] }), { code: 'broker.failed' })
    t.ok(existsSync(file))
  },
)

t.test('a port in use is said, and nothing stays open', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const path = join(temporaryDirectory(t), 'broker.sock')
  await t.rejects(startBroker({ listeners: [{ path }, { host: '127.0.0.1', port }] }), { code: 'broker.failed' })
  t.notOk(existsSync(path))
})

t.test('the process ends on SIGTERM, and says at once what it cannot do', async (t) => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const path = join(temporaryDirectory(t), 'broker.sock')
  const good = spawn(process.execPath, [main, `unix:${path}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.match(String((await once(good.stderr, 'data'))[0]), `listens at unix:${path}`)
  good.kill('SIGTERM')
  t.same(await once(good, 'exit'), [0, null])
  const bad = spawn(process.execPath, [main, 'http://x'], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.match(String((await once(bad.stderr, 'data'))[0]), 'cannot listen at "http://x"')
  t.same(await once(bad, 'exit'), [1, null])
})

t.test('listeners are written as urls', async (t) => {
  t.same(parseListener('unix:/a/b'), { path: '/a/b' })
  t.same(parseListener('mqtt://127.0.0.1'), { host: '127.0.0.1', port: 1883 })
  t.same(parseListener('mqtt://[::1]:99'), { host: '::1', port: 99 })
  for (const url of ['unix:relative', 'mqtts://x', 'x']) t.throws(() => parseListener(url), { code: 'broker.failed' })
})
