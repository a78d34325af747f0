import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { nextNumber } from '../counter.ts'

t.test('every run has a greater number than all before', async (t) => {
  const path = join(t.testdir(), 'runs')
  t.equal(await nextNumber(path), 1)
  t.equal(await nextNumber(path), 2)
  await writeFile(path, 'garbage')
  const after = await nextNumber(path)
  t.ok(after > 1_000_000, 'a damaged file does not start again at 1')
  t.equal(await nextNumber(path), after + 1)
})
