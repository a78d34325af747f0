import t from 'tap'
import { poolWords } from '../layout.ts'
import { poolOf } from '../pool.ts'

const poolAt = (capacity: number) => {
  let waits = 0
  const pool = poolOf(new Uint32Array(poolWords + capacity), capacity, () => {
    waits++
  })
  return { pool, waits: () => waits }
}

t.test('a number that was given back is given out again after a wait for programs, and late', async (t) => {
  const { pool, waits } = poolAt(4)
  t.same([pool.take(), pool.take(), pool.take()], [0, 1, 2])
  pool.give(1)
  pool.give(0)
  t.equal(pool.available(), 3)
  t.equal(pool.take(), 3, 'one that was never taken comes first')
  t.equal(waits(), 0)
  t.equal(pool.take(), 1)
  t.equal(waits(), 1)
  pool.give(3)
  t.equal(pool.take(), 0, 'one wait is for all that were there')
  t.equal(waits(), 1)
  t.equal(pool.take(), 3)
  t.equal(waits(), 2, 'and for none that came after')
  t.equal(pool.take(), undefined)
  t.equal(pool.available(), 0)
})

t.test('numbers come back in the order in which they went, each once', async (t) => {
  const { pool } = poolAt(5)
  for (let i = 0; i < 5; i++) pool.take()
  for (let round = 0; round < 7; round++) {
    for (const number of [3, 1, 4]) pool.give(number)
    t.same([pool.take(), pool.take(), pool.take(), pool.take()], [3, 1, 4, undefined])
  }
})
