/**
 * Isolation by the kernel's own devices that only a kernel with all its modules has (gretap, 802.1Q, 802.1ad): what is tried is the matrix of
 * agent/datapath/test/isolation-matrix.root.test.ts, on Debian's own kernel, for the data path that uses them.
 */
import t from 'tap'
import { runFiles, tellFile } from './files.ts'
import { hostTimeoutMs, problem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

t.test('VNets are kept apart by the kernel of Debian', { skip: problem }, async (t) => {
  const file = 'agent/datapath/test/isolation-matrix.root.test.ts'
  const results = await runFiles([file], { WEFT_TECHNOLOGY: 'gre,vlan,qinq', WEFT_DATAPATH: 'bridge' })
  t.equal(results.length, 1, 'the file ran')
  for (const result of results) await tellFile(t, result)
})
