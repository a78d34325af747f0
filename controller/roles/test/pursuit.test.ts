import t from 'tap'
import { createTestClock } from '../../test/test-clock.ts'
import { createPursuit } from '../pursuit.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('what is not done is tried again after growing pauses, until it is', async (t) => {
  const clock = createTestClock()
  const attempts: number[] = []
  const errors: unknown[] = []
  const pursuit = createPursuit({
    clock,
    work: async () => {
      attempts.push(clock.now())
      if (attempts.length === 2) throw new Error('away')
      return attempts.length === 4
    },
    onError: (key, error) => errors.push([key, (error as Error).message]),
  })
  t.equal(await pursuit.pursue('k'), false)
  while (clock.step()) await turn()
  t.same(attempts, [0, 500, 1500, 3500])
  t.same(errors, [['k', 'away']])
})

t.test('asks while the work is under way are one more run', async (t) => {
  let runs = 0
  const release = Promise.withResolvers<void>()
  const pursuit = createPursuit({
    clock: createTestClock(),
    work: async () => {
      if (++runs === 1) await release.promise
      return true
    },
    onError: () => {},
  })
  const first = pursuit.pursue('k')
  await turn()
  const more = [pursuit.pursue('k'), pursuit.pursue('k'), pursuit.pursue('k')]
  release.resolve()
  t.same(await Promise.all([first, ...more]), [true, true, true, true])
  t.equal(runs, 2)
})

t.test('waking tries what waits at once, closing ends it', async (t) => {
  const clock = createTestClock()
  let runs = 0
  const pursuit = createPursuit({
    clock,
    work: async () => {
      runs++
      return false
    },
    onError: () => {},
  })
  await pursuit.pursue('k')
  pursuit.wake()
  await turn()
  t.equal(runs, 2)
  t.equal(clock.now(), 0)
  pursuit.close()
  t.equal(clock.step(), false, 'no timer is left')
  t.equal(await pursuit.pursue('k'), false)
  t.equal(runs, 2)
})
