import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Advertisement } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { createMemoryBroker } from '../../test/memory-session.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createSubscription } from '../subscription.ts'

const topic = topics.advertisement('pip1')
const node = (id: string, usedCpuMillis = 0) => ({ node: { id, kind: 'host', cpuMillis: 4000 }, usedCpuMillis })
const message = (init: Init<Advertisement>): Advertisement => create('Advertisement', { epoch: 1, ...init })
const whole = (number: number, used: readonly number[]): Advertisement =>
  message({ number, whole: true, nodes: used.map((one, i) => node(`h${i + 1}`, one)) })

/** A PIP that publishes what a test says, and answers pages from what it says stands. */
const setUp = async (pages: () => readonly Advertisement[]) => {
  const broker = createMemoryBroker(createTestClock())
  const pip = broker.connect({ url: 'memory:', identity: 'pip1' })
  const errors: unknown[] = []
  const asked: number[] = []
  const settle = async () => {
    for (let turn = 0; turn < 8; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (broker.busy) turn = 0
    }
  }
  await settle()
  const subscription = createSubscription({
    domain: 'pip1',
    session: broker.connect({ url: 'memory:', identity: 'vnp1' }),
    ask: async (from) => {
      asked.push(from)
      await new Promise((resolve) => setImmediate(resolve))
      const page = pages()[from]
      if (!page) throw new Error('no such page')
      return create('ApiReply', { advertisement: page })
    },
    onError: (error) => errors.push(error),
  })
  await settle()
  await subscription.watch()
  return {
    asked,
    errors,
    settle,
    subscription,
    tell: async (one: Advertisement, retain = false) => {
      await pip.publish(topic, 'Advertisement', one, { retain })
      await settle()
    },
    clear: async () => {
      await pip.clear(topic)
      await settle()
    },
    used: () => {
      const picture = subscription.picture()
      return picture && Object.fromEntries(picture.usage.cpuMillis)
    },
  }
}

t.test('the whole and then what changed is held, in the order of the whole', async (t) => {
  const { tell, clear, used, asked, subscription } = await setUp(() => [])
  t.equal(used(), undefined)
  await tell(whole(4, [100, 200]), true)
  t.same(used(), { h1: 100, h2: 200 })
  await tell(message({ number: 5, nodes: [node('h2', 300)] }))
  await tell(message({ number: 5, nodes: [node('h2', 999)] }))
  t.same(used(), { h1: 100, h2: 300 }, 'what comes twice counts once')
  await tell(message({ number: 6, nodes: [node('h1', 0)] }))
  t.same(used(), { h1: 0, h2: 300 })
  t.same(
    subscription.picture()?.graph.nodes.map(({ id }) => id),
    ['h1', 'h2'],
  )
  await tell(whole(5, [7, 7]))
  t.same(used(), { h1: 0, h2: 300 }, 'what is older is ignored')
  await tell(message({ number: 6 }))
  t.same(asked, [], 'nothing was missed')
  await clear()
  t.equal(used(), undefined, 'nothing is advertised any more')
})

t.test('where a number is missing the whole is asked for, in pages', async (t) => {
  const pages = () => [
    message({ number: 9, whole: true, nodes: [node('h1', 1)], next: 1 }),
    message({ number: 9, whole: true, nodes: [node('h2', 2)] }),
  ]
  const { tell, used, asked, errors } = await setUp(pages)
  await tell(whole(4, [100, 200]), true)
  await tell(message({ number: 9, nodes: [node('h2', 2)] }))
  t.same(asked, [0, 1])
  t.same(used(), { h1: 1, h2: 2 })
  await tell(message({ number: 10, nodes: [node('h1', 5)] }))
  t.same(used(), { h1: 5, h2: 2 })
  t.same([asked, errors], [[0, 1], []])
})

t.test('a substrate that no message can carry is asked for as soon as it is heard of', async (t) => {
  const { tell, used, asked } = await setUp(() => [whole(3, [1, 2])])
  await tell(message({ number: 3 }), true)
  t.same(asked, [0])
  t.same(used(), { h1: 1, h2: 2 })
  await tell(message({ number: 3 }))
  t.same(asked, [0], 'heard again, it says nothing new')
})

t.test('what changes while the whole is asked for is not lost', async (t) => {
  const state = { told: false }
  const rig = await setUp(() => {
    // The page was made before the change, and comes after it.
    if (!state.told) void rig.tell(message({ number: 4, nodes: [node('h1', 44)] }))
    state.told = true
    return [
      message({ number: 3, whole: true, nodes: [node('h1', 1)], next: 1 }),
      message({ number: 4, whole: true, nodes: [node('h2', 2)] }),
    ]
  })
  await rig.tell(message({ number: 3 }), true)
  await rig.settle()
  t.same(rig.used(), { h1: 44, h2: 2 })
})

t.test('a PIP that starts anew counts anew', async (t) => {
  const { tell, used, asked } = await setUp(() => [message({ ...whole(1, [8, 8]), epoch: 2 })])
  await tell(whole(40, [100, 200]), true)
  await tell(message({ epoch: 2, number: 1, nodes: [node('h1', 8), node('h2', 8)] }))
  t.same(asked, [0])
  t.same(used(), { h1: 8, h2: 8 })
  await tell(message({ number: 41, nodes: [node('h1', 1)] }))
  t.same(used(), { h1: 8, h2: 8 }, 'the process before says nothing more')
})

t.test('what cannot be had is not mapped by', async (t) => {
  const { tell, used, errors, subscription } = await setUp(() => [])
  await tell(whole(4, [100, 200]), true)
  await tell(message({ number: 9, nodes: [node('h2', 2)] }))
  t.equal(used(), undefined)
  t.equal(errors.length, 1)
  await subscription.refresh()
  t.equal(errors.length, 2)
})
