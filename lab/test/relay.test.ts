import { join } from 'node:path'
import t from 'tap'
import { startBroker } from '../../controller/broker/broker.ts'
import { create } from '../../proto/codec.ts'
import { connectSession } from '../../proto/mqtt-session.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { topics } from '../../proto/topics.ts'
import { probeBroker, startRelay } from '../relay.ts'

t.test(
  'a session through the relay and one at the broker hear each other, also after the broker was away',
  async (t) => {
    const path = join(temporaryDirectory(t), 'relay.sock')
    let broker = await startBroker({ listeners: [{ host: '127.0.0.1', port: 0 }] })
    const url = broker.urls[0] ?? ''
    const relay = await startRelay(path, url)
    const host = connectSession({ url: relay.url, identity: 'h' })
    const pip = connectSession({ url, identity: 'pip' })
    t.teardown(async () => {
      await Promise.all([host.close(), pip.close()])
      await relay.close()
      await broker.close()
    })
    const seen = new Set<number>()
    await pip.subscribe(topics.inventory('d', 'h'), 'HostInventory', (message) => seen.add(message?.cpus ?? 0))
    const say = (cpus: number) =>
      host.publish(topics.inventory('d', 'h'), 'HostInventory', create('HostInventory', { cpus }), { retain: true })
    const heard = async (cpus: number) => {
      for (const end = performance.now() + 30_000; !seen.has(cpus) && performance.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return seen.has(cpus)
    }
    await say(1)
    t.ok(await heard(1))
    await broker.close()
    const { hostname, port } = new URL(url)
    broker = await startBroker({ listeners: [{ host: hostname, port: Number(port) }] })
    await say(2)
    t.ok(await heard(2))
  },
)

t.test('a broker that nobody is at is said at once', async (t) => {
  const path = join(temporaryDirectory(t), 'broker.sock')
  const broker = await startBroker({ listeners: [{ path }, { host: '127.0.0.1', port: 0 }] })
  for (const url of broker.urls) await probeBroker(url)
  await broker.close()
  for (const url of broker.urls) {
    await t.rejects(probeBroker(url), { code: 'lab.failed', message: /cannot be reached: .*(ECONNREFUSED|ENOENT)/ })
  }
})

t.test('what is no broker is refused', async (t) => {
  const path = join(temporaryDirectory(t), 'relay.sock')
  for (const url of ['http://x', 'nonsense']) {
    await t.rejects(startRelay(path, url), { code: 'lab.failed' })
    await t.rejects(probeBroker(url), { code: 'lab.failed' })
  }
})
