import t from 'tap'
import { parseNetDev } from '../interfaces.ts'
import { readableLine } from '../log.ts'
import { withUndo } from '../undo.ts'

t.test('a line for people', async (t) => {
  const line =
    '{"level":40,"time":"2026-01-02T12:01:07.123Z","vnet":"alice.shop","reasons":["it has stopped"],"msg":"node.start a"}'
  t.equal(readableLine(line), '12:01:07.123 warn  node.start a vnet=alice.shop reasons=["it has stopped"]\n')
  const error =
    '{"level":50,"time":"2026-01-02T12:01:07.123Z","err":{"stack":"Error: no\\n    at x"},"msg":"a look failed"}'
  t.equal(readableLine(error), '12:01:07.123 error a look failed\nError: no\n    at x\n')
})

t.test('interfaces of /proc/net/dev, also with colons in their names', async (t) => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      200       2    0    0    0     0       0          0
vif1.0: 18446744       1    0    0    0     0          0         0        3       2    0    0    0     0       0          0
`
  t.same(
    [...parseNetDev(text)],
    [
      ['lo', { receiveBytes: 100, transmitBytes: 200 }],
      ['vif1.0', { receiveBytes: 18446744, transmitBytes: 3 }],
    ],
  )
})

t.test('what was done is undone in reverse where a later part fails, also past an undo that fails', async (t) => {
  const done: string[] = []
  const problems: unknown[] = []
  const failure = new Error('the third failed')
  const work = withUndo(
    async (push) => {
      push(async () => done.push('first'))
      push(async () => Promise.reject(new Error('no')))
      push(async () => done.push('third'))
      throw failure
    },
    (problem) => problems.push(problem),
  )
  await t.rejects(work, failure)
  t.same(done, ['third', 'first'])
  t.equal(problems.length, 1)
  const fine = withUndo(async (push) => {
    push(async () => done.push('never'))
    return 5
  })
  t.equal(await fine, 5)
  t.equal(done.length, 2)
})
