import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { topics } from '../../../proto/topics.ts'
import { createMemoryBroker } from '../../test/memory-session.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createPublisher } from '../publisher.ts'

const turns = async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
}
const topic = topics.apiVNet('vnp1', 'alice', 'shop')
const state = (generation: number) => create('VNetState', { vnet: 'shop', generation })

const setUp = async () => {
  const broker = createMemoryBroker(createTestClock())
  const errors: unknown[] = []
  const session = broker.connect({ url: 'memory:', identity: 'vnp1', onConnect: () => publisher.republish() })
  const onError = (_topic: string, error: unknown) => errors.push(error)
  const publisher = createPublisher({ session, name: 'VNetState', epoch: 7, mirror: true, onError })
  const count = () => broker.published.filter((one) => one.topic === topic).length
  return { broker, publisher, count, errors }
}

t.test('what is set before the connection is published with it', async (t) => {
  const { broker, publisher, count } = await setUp()
  publisher.set(topic, state(1))
  publisher.set(topic, state(2))
  t.equal(count(), 0)
  await turns()
  t.equal(count(), 1)
  t.same(broker.retained(), [topic, `${topic}/json`])
})

t.test('the same is published once, and again after a reconnection', async (t) => {
  const { broker, publisher, count } = await setUp()
  await turns()
  publisher.set(topic, state(1))
  publisher.set(topic, state(1))
  await turns()
  t.equal(count(), 1)
  broker.goDown()
  publisher.set(topic, state(2))
  broker.comeUp({ forgetful: true })
  await turns()
  t.equal(count(), 2)
  const last = broker.published.at(-1)
  t.match(JSON.parse(Buffer.from(last?.payload ?? '').toString()), { vnet: 'shop', generation: '2' })
})

t.test('what is cleared is forgotten', async (t) => {
  const { broker, publisher, count } = await setUp()
  await turns()
  publisher.set(topic, state(1))
  await publisher.clear(topic)
  publisher.republish()
  await turns()
  t.same(broker.retained(), [])
  t.equal(count(), 2, 'the message and its end')
})

t.test('what is too large is an error, and the rest goes on', async (t) => {
  const { publisher, errors, count } = await setUp()
  await turns()
  publisher.set(topic, create('VNetState', { vnet: 'x'.repeat(200_000) }))
  await turns()
  t.match(errors, [{ code: 'message.too-large' }])
  publisher.set(topic, state(1))
  t.equal(count(), 1)
})
