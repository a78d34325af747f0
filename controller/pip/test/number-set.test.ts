import t from 'tap'
import { randomFrom } from '../../simulation/random.ts'
import { createNumberSet } from '../number-set.ts'

t.test('the first free number is the one that looking at each would find', async (t) => {
  const { integer, next } = randomFrom(7)
  const set = createNumberSet()
  const known = new Set<number>()
  const look = (from: number): number => {
    let number = from
    while (known.has(number)) number++
    return number
  }
  let wrong = 0
  for (let round = 0; round < 3000; round++) {
    // Runs, so that words and their summary fill up and open again.
    const [start, length, isAdded] = [integer(0, 5000), integer(1, 200), next() < 0.6]
    for (let number = start; number < start + length; number++) {
      if (isAdded) set.add(number)
      else set.delete(number)
      if (isAdded) known.add(number)
      else known.delete(number)
    }
    for (const from of [0, start, integer(0, 9000)]) if (set.firstFree(from) !== look(from)) wrong++
  }
  t.equal(wrong, 0)
  t.ok(known.size > 1000)
})

t.test('what is far beyond all is free', async (t) => {
  const set = createNumberSet()
  for (let number = 0; number < 1024; number++) set.add(number)
  t.equal(set.firstFree(0), 1024)
  t.equal(set.firstFree(2 ** 24), 2 ** 24)
  set.delete(31)
  t.equal(set.firstFree(0), 31)
})
