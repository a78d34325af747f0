import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { topics } from '../../../proto/topics.ts'
import { createMemoryBroker } from '../../test/memory-session.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createPresence } from '../presence.ts'

const turns = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

const setUp = async () => {
  const clock = createTestClock()
  const broker = createMemoryBroker(clock)
  const vnp = broker.connect({ url: 'memory:', identity: 'vnp1' })
  let came = 0
  const session = broker.connect({ url: 'memory:', identity: 'alice', onConnect: () => presence.reconnected() })
  const onOnline = () => came++
  const presence = createPresence({ who: 'the VNP vnp1', domain: 'vnp1', session, clock, onOnline })
  await presence.watch()
  await vnp.serve(
    topics.apiRequest('vnp1', '+'),
    'ApiRequest',
    'ApiReply',
    (client) => topics.apiReply('vnp1', client),
    async () => create('ApiReply', { vnet: { vnet: 'shop' } }),
  )
  const say = (online: boolean) =>
    vnp.publish(topics.controllerState('vnp1'), 'ControllerState', create('ControllerState', { online }), {
      retain: true,
    })
  const call = () => presence.call({ get: { vnet: 'shop' } }, 1000)
  await turns()
  return { clock, broker, session, say, call, came: () => came }
}

t.test('a controller that said it is there is called', async (t) => {
  const { say, call, came } = await setUp()
  await say(true)
  await turns()
  t.equal(came(), 1)
  t.match(await call(), { vnet: { vnet: 'shop' } })
})

t.test('a call waits for what the broker holds, and not for ever', async (t) => {
  const { clock, say, call } = await setUp()
  const early = call()
  await say(true)
  t.match(await early, { vnet: { vnet: 'shop' } })

  const silent = await setUp()
  const asked = silent.call()
  await turns()
  t.ok(silent.clock.step())
  await t.rejects(asked, { code: 'call.unreachable', message: /VNP vnp1/, hint: /nothing was sent/ })
  t.equal(silent.clock.now(), 3000)
  t.equal(clock.step(), false, 'no timer is left')
})

t.test('nothing is sent to one that is known to be away, or without a connection', async (t) => {
  const { broker, say, call } = await setUp()
  await say(false)
  await turns()
  const before = broker.published.length
  await t.rejects(call(), { code: 'call.unreachable' })
  broker.goDown()
  await t.rejects(call(), { code: 'call.unreachable', message: /broker/ })
  t.equal(broker.published.length, before)
})

t.test('after a reconnection it has to be heard again', async (t) => {
  const { broker, say, call, clock, came } = await setUp()
  await say(true)
  await turns()
  broker.goDown()
  broker.comeUp({ forgetful: true })
  await turns()
  const asked = call()
  await turns()
  clock.step()
  await t.rejects(asked, { code: 'call.unreachable' })
  await say(true)
  await turns()
  t.equal(came(), 2)
})
