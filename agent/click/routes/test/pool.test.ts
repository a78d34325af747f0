import t from 'tap'
import { poolWords } from '../layout.ts'
import { poolOf } from '../pool.ts'

const poolAt = (capacity: number) => {
  let now = 2 ** 32 - 50
  const waits: number[] = []
  const clock = {
    nowMs: () => now >>> 0,
    wait: (ms: number) => {
      waits.push(ms)
      now += ms
    },
  }
  const pool = poolOf(new Uint32Array(poolWords + 2 * capacity), capacity, clock)
  return { pool, waits, pass: (ms: number) => (now += ms) }
}

t.test('a number that was given back is given out again late', async (t) => {
  const { pool, waits, pass } = poolAt(3)
  t.same([pool.take(), pool.take()], [0, 1])
  pool.give(0)
  t.equal(pool.take(), 2, 'one that was never taken comes first')
  pass(99)
  t.equal(pool.take(), 0, 'nothing else is left: it waits')
  t.same(waits, [1])
  t.equal(pool.take(), undefined)
  pool.give(1)
  pass(100)
  t.equal(pool.available(), 1)
  t.equal(pool.take(), 1)
  t.same(waits, [1])
})

t.test('numbers come back in the order in which they went, each once', async (t) => {
  const { pool, pass } = poolAt(5)
  for (let i = 0; i < 5; i++) pool.take()
  for (let round = 0; round < 7; round++) {
    for (const number of [3, 1, 4]) pool.give(number)
    pass(1000)
    t.same([pool.take(), pool.take(), pool.take(), pool.take()], [3, 1, 4, undefined])
  }
})
