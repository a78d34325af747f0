import t from 'tap'
import { randomFrom } from '../../../simulation/random.ts'
import { solve } from '../solve.ts'
import { leastCost } from './milp.ts'
import { randomTask } from './random-task.ts'

const budget = { trees: 3000 }

for (const shared of [false, true])
  t.test(
    `tiny tasks cost what an exact solver proves to be the least, ${shared ? 'hosts shared' : 'hosts different'}`,
    async (t) => {
      const seen = { found: 0, impossible: 0, proven: 0 }
      for (let seed = 1; seed <= 150; seed++) {
        const task = randomTask(randomFrom(seed), { net: 8, nodes: 4, shared })
        const least = await leastCost(task)
        const outcome = solve(task, budget)
        if (least === undefined || !outcome.found) {
          if (outcome.found !== (least !== undefined))
            t.fail(`seed ${seed}: found ${outcome.found}, the least is ${least}`)
          seen.impossible++
          continue
        }
        seen.found++
        if (outcome.cost - outcome.bound < 1e-6) seen.proven++
        if (outcome.bound > least + 1e-6) t.fail(`seed ${seed}: ${outcome.bound} is no bound, the least is ${least}`)
        if (Math.abs(outcome.cost - least) > 1e-6) t.fail(`seed ${seed}: ${outcome.cost}, the least is ${least}`)
      }
      t.comment(JSON.stringify(seen))
      t.ok(seen.found > 50 && seen.impossible > 15)
    },
  )
