import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { limit } from '../reconcile/limit.ts'
import { share } from '../share.ts'

t.test('each caller gets a reading that began at or after its call', async (t) => {
  let value = 0
  let readings = 0
  const read = share(async () => {
    readings++
    const seen = value
    await sleep(5)
    return seen
  })
  const first = [read(), read(), read()]
  await sleep(1)
  value = 1
  const second = [read(), read()]
  t.same(await Promise.all(first), [0, 0, 0])
  t.same(await Promise.all(second), [1, 1])
  t.equal(readings, 2)
})

t.test('a reading that fails fails its callers alone', async (t) => {
  let fails = true
  const read = share(async () => {
    if (fails) throw new Error('no')
    return 1
  })
  await t.rejects(read(), { message: 'no' })
  fails = false
  t.equal(await read(), 1)
})

t.test('no more than the limit at a time, in order, also where some fail', async (t) => {
  const limited = limit(2)
  const order: number[] = []
  let running = 0
  let most = 0
  const work = (n: number) =>
    limited(async () => {
      order.push(n)
      most = Math.max(most, ++running)
      await sleep(2)
      running--
      if (n % 2) throw new Error('odd')
    })
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(work))
  t.same(order, [1, 2, 3, 4, 5, 6])
  t.equal(most, 2)
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  )
})
