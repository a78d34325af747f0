/** The same tests on Debian's own kernel (Linux 6.1, that of its Dom0): without TCX, with an older verifier and its log. */
import { globSync } from 'node:fs'
import t from 'tap'
import { runFiles, tellFile } from '../../../lab/emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../../../lab/emulated/test/problem.ts'

t.setTimeout(hostTimeoutMs)
const files = ['native/test/bpf.root.test.ts', ...globSync('agent/ebpf/test/*.root.test.ts').sort()]

t.test('bpf(2) on the kernel of Debian', { skip: problem }, async (t) => {
  const results = await runFiles(files)
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
