import t from 'tap'
import { endOf } from '../ended.ts'

const how = (state: number, reason: number): string | undefined => endOf({ state, reason })?.how

t.test('what runs has not ended', async (t) => {
  for (const state of [1, 2, 3, 4, 7]) t.equal(how(state, 1), undefined)
})

t.test('a stop is told from a crash, and what nobody saw counts as one', async (t) => {
  const [shutdown, destroyed, crashed, failed] = [1, 2, 3, 6]
  t.same(
    [shutdown, destroyed].map((reason) => how(5, reason)),
    ['stopped', 'stopped'],
  )
  t.same(
    [crashed, failed].map((reason) => how(5, reason)),
    ['crashed', 'crashed'],
  )
  const [unknown, daemon] = [0, 8]
  t.same(
    [unknown, daemon].map((reason) => how(5, reason)),
    ['crashed', 'crashed'],
  )
  t.match(endOf({ state: 6, reason: 1 }), { how: 'crashed', reason: /panic/ })
})
