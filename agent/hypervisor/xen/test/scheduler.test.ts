import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { schedulingWords } from '../scheduler.ts'

t.test('shares are weights, and a quota is a cap in percent of a processor', (t) => {
  const words = (cpu?: { shares?: number; quotaMillis?: number }): string | undefined =>
    schedulingWords(5, create('SliceNode', { id: 'r1', ...(cpu ? { cpu } : {}) }))?.join(' ')
  t.equal(words(), undefined, 'nothing is asked for')
  t.equal(words({ shares: 1024 }), '-d 5 -w 256 -c 0')
  t.equal(words({ shares: 2, quotaMillis: 1500 }), '-d 5 -w 1 -c 150')
  t.equal(words({ shares: 1_000_000 }), '-d 5 -w 65535 -c 0')
  t.equal(words({ quotaMillis: 4 }), '-d 5 -w 256 -c 1', 'never none at all')
  t.end()
})
