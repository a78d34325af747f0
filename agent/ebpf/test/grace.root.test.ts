import t from 'tap'
import { openDescriptors } from '../../../native/test/support/process.ts'
import { waitForPrograms } from '../grace.ts'
import { lacking } from './support/kernel.ts'

t.test('waiting for programs comes to an end, and leaves nothing open', { skip: lacking() }, async (t) => {
  waitForPrograms()
  const before = openDescriptors()
  const start = performance.now()
  for (let round = 0; round < 5; round++) waitForPrograms()
  t.comment(`${((performance.now() - start) / 5).toFixed(1)} ms each`)
  t.equal(openDescriptors(), before)
})
