import t from 'tap'
import { usageOf } from '../../ledger/ledger.ts'
import { embed } from '../embed.ts'
import type { Usage } from '../mapping.ts'
import { emptyUsage } from '../problem.ts'
import { problemsOf } from './checker.ts'
import { isFeasible } from './exhaustive.ts'
import { randomFrom, randomRequest, randomSubstrate, randomUsage, tightCase, withRelations } from './random.ts'

const add = (x: Usage, y: Usage): Usage => {
  const sum = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
    new Map([...a.keys(), ...b.keys()].map((key) => [key, (a.get(key) ?? 0) + (b.get(key) ?? 0)]))
  return {
    cpuMillis: sum(x.cpuMillis, y.cpuMillis),
    memoryBytes: sum(x.memoryBytes, y.memoryBytes),
    diskBytes: sum(x.diskBytes, y.diskBytes),
    nics: new Set([...x.nics, ...y.nics]),
    rateBitsPerSecond: sum(x.rateBitsPerSecond, y.rateBitsPerSecond),
    pools: sum(x.pools, y.pools),
  }
}

t.test('what is mapped keeps every constraint; what is refused says why', async (t) => {
  const outcomes = new Map<string, number>()
  for (let seed = 1; seed <= 3000; seed++) {
    const random = randomFrom(seed)
    const graph = randomSubstrate(random, { hosts: 7, others: 4 })
    const usage = randomUsage(random, graph)
    const request = randomRequest(random, 7)
    const excluded = new Set(random.some(graph.nodes, 0.05).map(({ id }) => id))
    const result = embed(graph, usage, request, { excluded })
    const outcome = result.outcome === 'mapped' ? 'mapped' : result.error.code
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (result.outcome === 'mapped') {
      const problems = problemsOf(graph, usage, request, result.embedding, excluded)
      if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
      // The ledger counts what the embedding takes as the checker does: once more on what is left must be checked alike.
      const both = add(usage, usageOf(graph, [{ request, embedding: result.embedding }]))
      const again = embed(graph, both, request, { excluded })
      const second = again.outcome === 'mapped' ? problemsOf(graph, both, request, again.embedding, excluded) : []
      if (second.length > 0) t.fail(`seed ${seed}, second: ${second.join('; ')}`)
    } else {
      const { code, message, hint } = result.error
      if (message === '' || hint === '') t.fail(`seed ${seed}: refused without a word`)
      const whenEmpty = embed(graph, emptyUsage, request).outcome
      const right = code === 'admission.not-now' ? 'mapped' : 'refused'
      if (whenEmpty !== right) t.fail(`seed ${seed}: ${code}, yet ${whenEmpty} on the empty substrate`)
    }
  }
  t.comment(Object.fromEntries(outcomes))
  for (const outcome of ['mapped', 'admission.never-fits', 'admission.not-now'])
    t.ok((outcomes.get(outcome) ?? 0) > 100, `${outcome} occurs`)
})

t.test('a small request is mapped exactly where an exhaustive search finds that it can be', async (t) => {
  let mapped = 0
  for (let seed = 10_001; seed <= 10_800; seed++) {
    const random = randomFrom(seed)
    const graph = randomSubstrate(random, { hosts: 3, others: 2 })
    const usage = randomUsage(random, graph)
    const request = randomRequest(random, 4)
    const result = embed(graph, usage, request)
    if (result.outcome === 'mapped') mapped++
    if ((result.outcome === 'mapped') !== isFeasible(graph, usage, request)) t.fail(`seed ${seed}: ${result.outcome}`)
  }
  t.ok(mapped > 100 && mapped < 700, `${mapped} of 800 were mapped`)
})

t.test('the same where memory and bandwidth are scarce', async (t) => {
  let mapped = 0
  for (let seed = 30_001; seed <= 30_600; seed++) {
    const { graph, request } = tightCase(randomFrom(seed))
    const result = embed(graph, emptyUsage, request)
    if (result.outcome === 'mapped') {
      mapped++
      const problems = problemsOf(graph, emptyUsage, request, result.embedding)
      if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
    } else if (isFeasible(graph, emptyUsage, request)) t.fail(`seed ${seed}: ${result.error.message}`)
  }
  t.ok(mapped > 100 && mapped < 500, `${mapped} of 600 were mapped`)
})

t.test('placement and affinity are kept, and a small request is mapped exactly where they can be', async (t) => {
  let [mapped, refused] = [0, 0]
  for (let seed = 40_001; seed <= 40_600; seed++) {
    const random = randomFrom(seed)
    const isSmall = seed % 3 === 0
    const graph = randomSubstrate(random, isSmall ? { hosts: 3, others: 2 } : { hosts: 7, others: 4 })
    const request = withRelations(random, randomRequest(random, isSmall ? 4 : 7))
    const result = embed(graph, emptyUsage, request)
    if (result.outcome === 'mapped') {
      mapped++
      const problems = problemsOf(graph, emptyUsage, request, result.embedding)
      if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
    } else {
      refused++
      if (isSmall && isFeasible(graph, emptyUsage, request)) t.fail(`seed ${seed}: ${result.error.message}`)
    }
  }
  t.ok(mapped > 100 && refused > 100, `${mapped} mapped, ${refused} refused`)
})

t.test('equal input gives equal output', async (t) => {
  for (let seed = 20_001; seed <= 20_200; seed++) {
    const make = () => {
      const random = randomFrom(seed)
      const graph = randomSubstrate(random, { hosts: 7, others: 4 })
      return embed(graph, randomUsage(random, graph), randomRequest(random, 7))
    }
    t.strictSame(make(), make())
  }
})
