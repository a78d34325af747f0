/** Lookups on Debian's own kernel (Linux 6.1): another verifier, and another limit of a map's value. */
import t from 'tap'
import { runFiles, tellFile } from '../../../../lab/emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../../../../lab/emulated/test/problem.ts'

t.setTimeout(hostTimeoutMs)
const files = ['ip-lookup', 'concurrent'].map((name) => `agent/click/routes/test/${name}.root.test.ts`)

t.test('Routes on the kernel of Debian', { skip: problem }, async (t) => {
  const results = await runFiles(files)
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
