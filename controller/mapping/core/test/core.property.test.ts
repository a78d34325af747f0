import t from 'tap'
import { randomFrom } from '../../../simulation/random.ts'
import { evenLimitOf } from '../../even.ts'
import { solve } from '../solve.ts'
import type { Task } from '../task.ts'
import { randomTask } from './random-task.ts'
import { problemsOf } from './task-checker.ts'

const sizes = [
  { net: 6, nodes: 4 },
  { net: 12, nodes: 8 },
  { net: 12, nodes: 8, shared: true },
  { net: 40, nodes: 12, shared: true },
] as const

/** Every third with hosts to begin from, which are right but for the links. */
const withStart = (task: Task, seed: number): Task => {
  const start = seed % 3 === 0 ? evenLimitOf(task, task.room, new Float64Array(task.net.size))?.start : undefined
  return start ? { ...task, start } : task
}

t.test('what is found keeps every constraint, whatever the budget', async (t) => {
  const seen = { found: 0, none: 0 }
  for (let seed = 1; seed <= 4000; seed++) {
    const random = randomFrom(seed)
    const task = withStart(randomTask(random, sizes[seed % sizes.length] as (typeof sizes)[number]), seed)
    const outcome = solve(task, { trees: [0, 5, 50, 200][random.integer(0, 3)] as number })
    seen[outcome.found ? 'found' : 'none']++
    const problems = outcome.found ? problemsOf(task, outcome) : []
    if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
  }
  t.comment(JSON.stringify(seen))
  t.ok(seen.found > 1000 && seen.none > 100)
})

t.test('a task is not changed, and equal tasks give equal outcomes', async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const make = (): Task => randomTask(randomFrom(seed), { net: 20, nodes: 8, shared: seed % 2 === 0 })
    const task = make()
    t.strictSame(solve(task, { trees: 100 }), solve(make(), { trees: 100 }))
    t.strictSame(task, make())
  }
})

t.test('a deadline ends the search with the best that was found', async (t) => {
  const task = randomTask(randomFrom(3), { net: 40, nodes: 10, shared: true })
  let clock = 0
  const now = (): number => clock++
  const { found } = solve(task, { trees: 1000 })
  const hurried = solve(task, { trees: Number.POSITIVE_INFINITY, now, deadlineMs: 20 })
  t.ok(clock < 1000, `the clock was read ${clock} times`)
  if (hurried.found) t.same(problemsOf(task, hurried), [])
  t.equal(typeof found, 'boolean')
})
