/** What the roles need of a broker: one suite, run over the embedded broker and over others. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { maxPayloadBytes } from '../../../proto/envelope.ts'
import { WeftError } from '../../../proto/errors.ts'
import { connectSession } from '../../../proto/mqtt-session.ts'
import type { Session, SessionOptions } from '../../../proto/session.ts'
import { topics } from '../../../proto/topics.ts'

const eventually = async (what: () => boolean): Promise<void> => {
  const end = performance.now() + 30_000
  while (!what()) {
    if (performance.now() > end) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** `start` gives the URL of a broker of its own that ends with the test. */
export const brokerSuite = (t: Test, name: string, start: (t: Test) => Promise<string>): void => {
  t.test(name, { timeout: 300_000 }, async (t) => {
    const url = await start(t)
    const open = (t: Test, identity: string, options: Partial<SessionOptions> = {}): Session => {
      const session = connectSession({ url, identity, ...options })
      t.teardown(() => session.close())
      return session
    }

    t.test('keeps retained messages for who comes later, until they are cleared', async (t) => {
      const pip = open(t, 'pip')
      const topic = topics.desired('d1', 'h', 'alice.shop')
      await pip.publish(topic, 'Slice', create('Slice', { vnet: 'alice.shop', generation: 7 }), { retain: true })
      const seen: (number | undefined)[] = []
      await open(t, 'h').subscribe(topic, 'Slice', (slice) => seen.push(slice?.generation))
      await eventually(() => seen.length === 1)
      await pip.clear(topic)
      await eventually(() => seen.length === 2)
      t.same(seen, [7, undefined])
      const late: unknown[] = []
      const latecomer = open(t, 'late')
      await latecomer.subscribe(topic, 'Slice', (slice) => late.push(slice))
      await latecomer.subscribe(topics.status('d1', 'h'), 'HostStatus', () => late.push('status'))
      await pip.publish(topics.status('d1', 'h'), 'HostStatus', create('HostStatus'), { retain: true })
      await eventually(() => late.includes('status'))
      t.same(late, ['status'], 'what was cleared is not kept')
    })

    t.test('publishes the will of a client whose process died', async (t) => {
      const topic = topics.status('d2', 'h')
      const seen: boolean[] = []
      await open(t, 'pip2').subscribe(topic, 'HostStatus', (status) => seen.push(status?.online ?? false))
      const script = `
        import { connectSession } from ${JSON.stringify(new URL('../../../proto/mqtt-session.ts', import.meta.url).href)}
        import { create } from ${JSON.stringify(new URL('../../../proto/codec.ts', import.meta.url).href)}
        const topic = ${JSON.stringify(topic)}
        const will = { topic, name: 'HostStatus', message: create('HostStatus', { online: false }) }
        const session = connectSession({ url: ${JSON.stringify(url)}, identity: 'h2', will })
        await session.publish(topic, 'HostStatus', create('HostStatus', { online: true }), { retain: true })
        process.kill(process.pid, 'SIGKILL')`
      spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'inherit' })
      await eventually(() => seen.includes(false))
      t.same(seen, [true, false])
    })

    t.test('carries calls with the largest payload, and the order of a sender', async (t) => {
      const server = open(t, 'server')
      // Only then serving settles when the broker agreed.
      await eventually(() => server.connected)
      const got: string[] = []
      await server.serve(
        topics.apiRequest('d3', '+'),
        'ApiRequest',
        'ApiReply',
        (client) => topics.apiReply('d3', client),
        async (request, client) => {
          got.push(request.get?.vnet ?? '')
          if (request.delete) throw new WeftError('vnet.unknown', `${client} has no ${request.delete.vnet}`)
          return create('ApiReply', { vnets: { vnets: [{ vnet: request.get?.vnet ?? '' }] } })
        },
      )
      const client = open(t, 'client')
      const call = (request: Parameters<typeof create<'ApiRequest'>>[1]) =>
        client.call(
          topics.apiRequest('d3', 'client'),
          'ApiRequest',
          create('ApiRequest', request),
          topics.apiReply('d3', 'client'),
          'ApiReply',
        )
      const large = 'x'.repeat(maxPayloadBytes - 1000)
      t.equal((await call({ get: { vnet: large } })).vnets?.vnets[0]?.vnet.length, large.length)
      await t.rejects(call({ delete: { vnet: 'shop' } }), { code: 'vnet.unknown', message: 'client has no shop' })
      await t.rejects(call({ get: { vnet: 'x'.repeat(maxPayloadBytes) } }), { code: 'message.too-large' })
      got.length = 0
      const names = Array.from({ length: 200 }, (_, i) => `n${i}`)
      await Promise.all(names.map((vnet) => call({ get: { vnet } })))
      t.same(got, names)
    })

    t.test('ends the older connection of an identity that connects again', async (t) => {
      const { hostname, port } = url.startsWith('unix:') ? { hostname: '', port: '' } : new URL(url)
      const older = hostname ? connect(Number(port), hostname) : connect(url.slice('unix:'.length))
      const closed = once(older, 'close')
      // CONNECT (MQTT 3.1.1, 3.1): protocol name and level 4, clean session, keep alive 60 s, client id "same".
      older.write(Buffer.from([0x10, 16, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 4, 0x73, 0x61, 0x6d, 0x65]))
      await once(older, 'data')
      older.resume()
      const newer = open(t, 'same')
      await closed
      await newer.publish(topics.event('d4', 'same'), 'HostEvent', create('HostEvent'))
      t.ok(newer.connected)
    })
  })
}
