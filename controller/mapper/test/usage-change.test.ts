import t from 'tap'
import { randomFrom, randomSubstrate, randomUsage } from '../../mapping/test/random.ts'
import { changeOf, nothingKept, putChange } from '../usage-change.ts'

t.test('a kept usage is the last one whose change was put into it, whatever came and went', async (t) => {
  const random = randomFrom(3)
  const kept = nothingKept()
  let changed = 0
  for (let round = 0; round < 200; round++) {
    const usage = randomUsage(random, randomSubstrate(random, { hosts: 4, others: 2 }))
    const change = structuredClone(changeOf(kept, usage))
    changed += change.amounts.cpuMillis.put.length + change.amounts.cpuMillis.gone.length
    putChange(kept, change)
    t.same(kept, usage)
    t.same(changeOf(kept, usage).amounts.cpuMillis, { put: [], gone: [] })
  }
  t.ok(changed > 100)
})
