import t from 'tap'
import { randomFrom } from '../../../simulation/random.ts'
import { type Mapping, type Proof, prove } from '../exact.ts'
import { modelOf } from '../model.ts'
import { reachOf } from '../reach.ts'
import { solve } from '../solve.ts'
import type { Task } from '../task.ts'
import { workOf } from '../work.ts'
import { leastCost } from './milp.ts'
import { randomTask } from './random-task.ts'
import { regularTask } from './regular-task.ts'
import { problemsOf } from './task-checker.ts'

// HiGHS solves hundreds of programs.
t.setTimeout(600_000)

const enough = 5_000

const proofOf = (task: Task, trees: number, known?: Mapping): Proof => {
  const work = workOf(task.net, { trees })
  return prove(modelOf(task), reachOf(task, work), known, work)
}

const faultsOf = (task: Task, { mapping, bound }: Proof): readonly string[] =>
  mapping ? problemsOf(task, { ...mapping, found: true, bound, trees: 0 }) : []

/** What is wrong with a proof, by what the exact solver says. */
const errorsOf = (task: Task, proof: Proof, least: number | undefined): readonly string[] => {
  const { mapping, bound } = proof
  if (least === undefined) return mapping ? ['found what there is not'] : []
  return [
    ...faultsOf(task, proof),
    ...(mapping && mapping.cost < least - 1e-6 ? [`${mapping.cost} is less than the least, ${least}`] : []),
    ...(bound > least + 1e-6 ? [`${bound} is no bound, the least is ${least}`] : []),
  ]
}

const isProven = ({ mapping, bound }: Proof): boolean => bound >= (mapping?.cost ?? Number.POSITIVE_INFINITY) - 1e-6

const kinds = [
  {
    what: 'hosts are all different',
    seeds: 200,
    taskOf: (seed: number) => randomTask(randomFrom(seed), { net: 8, nodes: 4 }),
  },
  {
    what: 'hosts may be shared',
    seeds: 200,
    taskOf: (seed: number) => randomTask(randomFrom(seed), { net: 8, nodes: 4, shared: true }),
  },
  { what: 'hosts and nodes are alike', seeds: 120, taskOf: (seed: number) => regularTask(randomFrom(seed)) },
]

for (const { what, seeds, taskOf } of kinds)
  t.test(`what is proven is what an exact solver finds; ${what}`, async (t) => {
    const seen = { found: 0, impossible: 0, open: 0 }
    for (let seed = 1; seed <= seeds; seed++) {
      const task = taskOf(seed)
      const least = await leastCost(task)
      const proof = proofOf(task, enough)
      const errors = errorsOf(task, proof, least)
      if (errors.length > 0) t.fail(`seed ${seed}: ${errors.join('; ')}`)
      if (!isProven(proof)) seen.open++
      else seen[proof.mapping ? 'found' : 'impossible']++
    }
    t.comment(JSON.stringify(seen))
    t.ok(seen.found > seeds / 4 && seen.open <= seeds / 40, 'nearly all is proven')
  })

t.test('what a budget leaves open is bounded', async (t) => {
  const seen = { open: 0, proven: 0 }
  for (let seed = 1; seed <= 150; seed++) {
    const task = randomTask(randomFrom(seed), { net: 8, nodes: 4, shared: seed % 2 === 0 })
    const least = await leastCost(task)
    const found = solve(task, { trees: 5 })
    const known = found.found ? found : undefined
    for (const trees of [0, 2, 10]) {
      const proof = proofOf(task, trees, known)
      const errors = errorsOf(task, proof, least)
      if (known && (proof.mapping?.cost ?? Number.POSITIVE_INFINITY) > known.cost)
        t.fail(`seed ${seed}, ${trees} trees: worse than what was known`)
      if (errors.length > 0) t.fail(`seed ${seed}, ${trees} trees: ${errors.join('; ')}`)
      seen[isProven(proof) ? 'proven' : 'open']++
    }
  }
  t.comment(JSON.stringify(seen))
  t.ok(seen.open > 20 && seen.proven > 100)
})

t.test('larger tasks keep every constraint, and more work never proves less', async (t) => {
  const seen = { open: 0, proven: 0 }
  for (let seed = 1; seed <= 150; seed++) {
    const task = randomTask(randomFrom(seed), { net: 30, nodes: 9, shared: seed % 3 === 0 })
    const [little, much] = [proofOf(task, 20), proofOf(task, 400)]
    for (const proof of [little, much]) {
      const faults = faultsOf(task, proof)
      if (faults.length > 0) t.fail(`seed ${seed}: ${faults.join('; ')}`)
      seen[isProven(proof) ? 'proven' : 'open']++
    }
    if (much.bound < little.bound - 1e-6) t.fail(`seed ${seed}: the bound fell from ${little.bound} to ${much.bound}`)
    if (little.mapping && !(much.mapping && much.mapping.cost <= little.mapping.cost + 1e-6))
      t.fail(`seed ${seed}: more work found less`)
  }
  t.comment(JSON.stringify(seen))
  t.ok(seen.proven > 50)
})
