import t from 'tap'
import { solve } from '../../mapping/core/solve.ts'
import { generate, settings } from '../generate.ts'
import { runInstance } from '../run-instance.ts'

const instance = generate({ ...settings['wx100-eta0.28'], hosts: 20, requests: 120, nodes: [2, 6] }, 3)

const run = (thrift?: number) =>
  runInstance(instance, { solve, budget: () => ({ trees: 20 }), now: () => 0, switches: () => 0, thrift })

t.test('without thrift all that fits is accepted, with it what is too dear is declined', async (t) => {
  const all = run()
  t.equal(all.declined, 0)
  t.same(run(Number.POSITIVE_INFINITY).solutions, all.solutions)
  const [few, none] = [run(1), run(1e-9)]
  for (const { verdict } of [all, few, none]) t.same(verdict.violations, [])
  t.ok(few.declined > 0 && few.declined < none.declined, `${few.declined} and ${none.declined} are declined`)
  t.ok(none.verdict.accepted > 0, 'on an empty substrate nothing is too dear')
})
