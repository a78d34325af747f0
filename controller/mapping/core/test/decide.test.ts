import t from 'tap'
import { randomFrom } from '../../../simulation/random.ts'
import { decide } from '../decide.ts'
import { solve } from '../solve.ts'
import type { Net, Task } from '../task.ts'
import { netOf, randomTask } from './random-task.ts'
import { problemsOf } from './task-checker.ts'

const steps = 2_000_000

/** Three hosts in a row with room for `room` each, and nodes that need as much as is said; no links. */
const rowOf = (room: number, needs: readonly number[]): Task => {
  const ends = [
    [0, 1],
    [1, 2],
  ] as const
  const net: Net = netOf(3, ends, new Float64Array(2))
  return {
    net,
    room: [new Float64Array(3).fill(room)],
    rates: new Float64Array(4).fill(10),
    nodes: needs.map((need) => ({ needs: [need], hosts: Int32Array.of(0, 1, 2) })),
    links: [],
    perHost: needs.length,
  }
}

t.test('small tasks are mapped, or it is proven that they cannot be', async (t) => {
  const seen = { found: 0, proven: 0, late: 0 }
  for (let seed = 1; seed <= 1500; seed++) {
    const task = randomTask(randomFrom(seed), { net: 6, nodes: 5, shared: seed % 2 === 0 })
    const outcome = decide(task, { trees: 0 }, steps)
    const first = solve(task, { trees: 200 })
    if (outcome.found) {
      seen.found++
      if (!solve(task, { trees: 0 }).found) seen.late++
      const problems = problemsOf(task, outcome)
      if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
    } else if (!outcome.proven) t.fail(`seed ${seed}: left open`)
    else {
      seen.proven++
      if (first.found) t.fail(`seed ${seed}: proven to be impossible, yet found`)
    }
  }
  t.comment(JSON.stringify(seen))
  t.ok(seen.found > 500 && seen.proven > 100 && seen.late > 0)
})

t.test('pieces that fill hosts to the last are found, and one more is proven not to fit', async (t) => {
  const full = [7, 5, 4, 4, 6, 3, 7, 3, 3]
  const outcome = decide(rowOf(14, full), { trees: 0 }, steps)
  t.equal(outcome.found, true)
  t.match(decide(rowOf(14, [...full, 1]), { trees: 90 }, steps), { found: false, proven: true })
})

t.test('without steps nothing is proven', async (t) => {
  const tight = rowOf(9, [5, 5, 5, 5])
  t.match(decide(tight, { trees: 0 }, 0), { found: false, proven: false })
  t.match(decide(tight, { trees: 0 }, steps), { found: false, proven: true })
  t.match(decide(rowOf(9, [10]), { trees: 0 }, steps), { found: false, proven: true })
})
