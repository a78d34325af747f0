import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { keyedQueue } from '../queue.ts'

const gate = () => Promise.withResolvers<void>()

t.test('a key added often is worked on once, and once more where it is added meanwhile', async (t) => {
  const runs: string[] = []
  let hold = gate()
  const queue = keyedQueue(
    async (key) => {
      runs.push(key)
      await hold.promise
    },
    { parallel: 4 },
  )
  for (let i = 0; i < 5; i++) queue.add('a')
  await sleep(5)
  t.same(runs, ['a'])
  for (let i = 0; i < 5; i++) queue.add('a')
  await sleep(5)
  t.same(runs, ['a'], 'never twice at the same time')
  const before = hold
  hold = gate()
  before.resolve()
  await sleep(5)
  t.same(runs, ['a', 'a'])
  hold.resolve()
  await queue.idle()
  t.same(runs, ['a', 'a'])
})

t.test('keys run beside each other up to the limit', async (t) => {
  let running = 0
  let most = 0
  const queue = keyedQueue(
    async () => {
      most = Math.max(most, ++running)
      await sleep(5)
      running--
    },
    { parallel: 2 },
  )
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key)
  await sleep(0)
  await queue.idle()
  t.equal(most, 2)
})

t.test('what throws does not stop the queue', async (t) => {
  const runs: string[] = []
  const queue = keyedQueue(
    async (key) => {
      runs.push(key)
      throw new Error('no')
    },
    { parallel: 1 },
  )
  queue.add('a')
  queue.add('b')
  await sleep(5)
  await queue.idle()
  t.same(runs, ['a', 'b'])
})

t.test('a delayed key waits, the earliest of several delays counts, and now is now', async (t) => {
  const runs: number[] = []
  const begin = performance.now()
  const queue = keyedQueue(async () => void runs.push(performance.now() - begin), { parallel: 1 })
  queue.add('a', 60_000)
  queue.add('a', 40)
  queue.add('a', 50_000)
  await sleep(10)
  t.same(runs, [])
  while (runs.length === 0) await sleep(5)
  t.ok((runs[0] ?? 0) >= 35, `after ${runs[0]} ms`)
  queue.add('a', 60_000)
  queue.add('a')
  await sleep(5)
  await queue.idle()
  t.equal(runs.length, 2)
  await queue.stop()
})

t.test('after stop nothing begins, and what was begun is waited for', async (t) => {
  const runs: string[] = []
  const hold = gate()
  const queue = keyedQueue(
    async (key) => {
      runs.push(key)
      await hold.promise
    },
    { parallel: 1 },
  )
  queue.add('a')
  queue.add('b')
  queue.add('c', 1)
  await sleep(0)
  let stopped = false
  const stopping = queue.stop().then(() => {
    stopped = true
  })
  await sleep(10)
  t.equal(stopped, false)
  hold.resolve()
  await stopping
  queue.add('d')
  await sleep(5)
  t.same(runs, ['a'])
})
