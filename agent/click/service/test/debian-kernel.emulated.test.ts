/** The same tests on Debian's own kernel (Linux 6.1, that of its Dom0), where routers are attached by clsact. */
import { globSync } from 'node:fs'
import t from 'tap'
import { runFiles, tellFile } from '../../../../lab/emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../../../../lab/emulated/test/problem.ts'

t.setTimeout(hostTimeoutMs)
/** The other file has those of killed processes. */
const files = globSync('agent/click/service/test/*.root.test.ts')
  .filter((file) => !file.includes('killed'))
  .sort()

t.test('routers that stay on the kernel of Debian', { skip: problem }, async (t) => {
  const results = await runFiles(files)
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
