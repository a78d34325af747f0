import t from 'tap'
import { formatCpuset, parseCpuset } from '../cpuset.ts'

t.test('a set of CPUs as Linux writes it', async (t) => {
  t.strictSame(parseCpuset('0-3,8'), [0, 1, 2, 3, 8])
  t.strictSame(parseCpuset('8,2-3,3'), [2, 3, 8])
  t.strictSame(parseCpuset('1023'), [1023])
  for (const text of ['0-3,8', '5', '0-1', '1,3,5-7']) t.equal(formatCpuset(parseCpuset(text) ?? []), text)
  t.equal(formatCpuset([]), '')
})

t.test('what is no set is none', async (t) => {
  for (const text of ['', ',', '3-1', '1024', '0-1024', '-1', '1-', 'a', '1 2', '^1', '0-3:2/4', '1,']) {
    t.equal(parseCpuset(text), undefined, text)
  }
})
