import t from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { retries } from '../retry.ts'

const failure = new WeftError('hypervisor.failed', 'no')

const clocked = () => {
  let clock = 0
  const all = retries({ now: () => clock, wallClock: () => 5_000_000 + clock, firstMs: 1000, mostMs: 60_000 })
  return { all, pass: (ms: number) => (clock += ms) }
}

t.test('what fails waits longer each time, a minute at most', async (t) => {
  const { all, pass } = clocked()
  t.equal(all.waitMs('node/a'), 0)
  const waits: number[] = []
  for (let i = 0; i < 8; i++) {
    all.failed('node/a', failure)
    waits.push(all.waitMs('node/a'))
    pass(all.waitMs('node/a'))
    t.equal(all.waitMs('node/a'), 0)
  }
  t.same(waits, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000])
  t.equal(all.waitMs('node/b'), 0, 'others do not wait')
  t.equal(all.errors.get('node/a'), failure)
})

t.test('success ends the wait, and so does another wish', async (t) => {
  const { all } = clocked()
  all.failed('node/a', failure)
  all.succeeded('node/a')
  t.equal(all.waitMs('node/a'), 0)
  t.equal(all.errors.size, 0)
  all.failed('node/a', failure)
  all.reset()
  t.equal(all.waitMs('node/a'), 0)
  t.equal(all.errors.size, 0)
})

t.test('a node that ends again and again is restarted slower, one that ran long at once', async (t) => {
  const { all, pass } = clocked()
  all.restarted('node/a')
  all.succeeded('node/a')
  t.equal(all.waitMs('node/a', true), 1000)
  t.equal(all.waitMs('node/a'), 0, 'other steps of it do not wait')
  pass(1000)
  all.restarted('node/a')
  t.equal(all.waitMs('node/a', true), 2000)
  pass(2000 + 60_000)
  all.restarted('node/a')
  t.equal(all.waitMs('node/a', true), 1000, 'it counts from the start again')
})

t.test('when it will be tried is told, and stays the same while it waits', async (t) => {
  const { all, pass } = clocked()
  t.equal(all.nextTry('node/a'), 0)
  all.failed('node/a', failure)
  t.equal(all.nextTry('node/a'), 5_001_000)
  pass(400)
  t.equal(all.nextTry('node/a'), 5_001_000)
  pass(600)
  t.equal(all.nextTry('node/a'), 0)
  all.restarted('node/a')
  t.equal(all.nextTry('node/a'), 0)
  t.equal(all.nextTry('node/a', true), 5_002_000)
})
