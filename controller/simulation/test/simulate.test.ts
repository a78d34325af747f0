import t from 'tap'
import type { Instance } from '../instance.ts'
import { percentile, simulate } from '../simulate.ts'

t.test('requests are decided in the order of their arrival, after who leaves at that time was released', async (t) => {
  const one = (id: string, arrival: number, lifetime: number) => ({ id, arrival, lifetime, nodes: [], links: [] })
  const instance: Instance = {
    substrate: { nodes: [], links: [] },
    requests: [one('late', 5, 1), one('early', 0, 5), one('refused', 1, 1)],
  }
  const seen: string[] = []
  let clock = 0
  const run = simulate(
    instance,
    {
      decide: ({ id }) => {
        seen.push(`decide ${id}`)
        clock += 10
        return id === 'refused' ? null : { host: [], paths: [] }
      },
      release: (index) => void seen.push(`release ${instance.requests[index]?.id}`),
    },
    {
      now: () => clock,
      switches: () => (clock > 20 ? 1 : 0),
      tree: () => {
        clock += 2
      },
    },
  )
  t.strictSame(seen, ['decide early', 'decide refused', 'release early', 'decide late', 'release late'])
  t.strictSame(run, {
    solutions: [{ host: [], paths: [] }, { host: [], paths: [] }, null],
    decisionMs: [10, 10, 10],
    disturbed: [false, true, false],
    treeMs: [2, 2, 2],
  })
})

t.test('percentiles are by nearest rank', async (t) => {
  const values = [5, 1, 4, 2, 3]
  t.strictSame(
    [0, 0.5, 0.9, 1].map((p) => percentile(values, p)),
    [1, 3, 5, 5],
  )
  t.ok(Number.isNaN(percentile([], 0.5)))
})
