/** Changes that are killed, on Debian's own kernel (Linux 6.1): a file by itself, since each step is a process and starts slowly there. */
import t from 'tap'
import { runFiles, tellFile } from '../../../../lab/emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../../../../lab/emulated/test/problem.ts'

t.setTimeout(hostTimeoutMs)

t.test('changes of routers that are killed, on the kernel of Debian', { skip: problem }, async (t) => {
  for (const result of await runFiles(['agent/click/service/test/killed.root.test.ts'])) await tellFile(t, result)
})
