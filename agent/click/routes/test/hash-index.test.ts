import t from 'tap'
import { hashIndexOf } from '../hash-index.ts'
import { randomNumbers } from './support/realistic.ts'

t.test('an index finds what is in it and nothing else, whatever comes and goes', async (t) => {
  const capacity = 64
  for (let seed = 1; seed <= 20; seed++) {
    const next = randomNumbers(seed)
    const keys = new Map<number, readonly [number, number]>()
    const index = hashIndexOf(new Uint32Array(2 * capacity), next(), {
      first: (record) => keys.get(record)?.[0] ?? 0,
      second: (record) => keys.get(record)?.[1] ?? 0,
    })
    for (let step = 0; step < 2000; step++) {
      const record = next() % capacity
      const known = keys.get(record)
      if (known) {
        index.remove(...known)
        keys.delete(record)
        if (index.find(...known) !== undefined) return t.fail('found what is gone')
      } else {
        const key = [(0xffff_ff00 + record) >>> 0, record * 7 + step * 1000] as const
        keys.set(record, key)
        index.insert(...key, record)
      }
      for (const [record, key] of keys) if (index.find(...key) !== record) return t.fail(`lost at step ${step}`)
    }
    t.pass(`seed ${seed}`)
  }
})
