/**
 * Click on Debian's own kernel (Linux 6.1, that of its Dom0): another verifier, no TCX, another limit of a map's value. The comparison with the
 * reference, the table of routes, and routers that stay; in one host, since each takes long to start. Not the swaps under full rate: the queues of
 * an emulated processor overflow at the receiver, whatever the router does.
 */
import t from 'tap'
import { runFiles, tellFile } from '../../../lab/emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../../../lab/emulated/test/problem.ts'

t.setTimeout(hostTimeoutMs)

const files = [
  'agent/click/test/router.root.test.ts',
  'agent/click/test/run.root.test.ts',
  'agent/click/test/links.root.test.ts',
  'agent/click/test/link-switch.root.test.ts',
  'agent/click/routes/test/ip-lookup.root.test.ts',
  'agent/click/service/test/service.root.test.ts',
]

t.test('Click on the kernel of Debian', { skip: problem }, async (t) => {
  const results = await runFiles(files)
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
