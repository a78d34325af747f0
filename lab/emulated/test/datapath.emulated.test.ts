/**
 * The data paths on Debian's own kernel, which is the one of its Dom0: their tests pass there as they do on this machine's, those of Click by
 * clsact, since that kernel has no TCX. All but those that measure rates: an emulated processor does not keep time well enough for that; that they are set is
 * among the others. The matrix of isolation is in isolation.emulated.test.ts, as far as this kernel makes what others lack, links between hosts are in
 * segments.emulated.test.ts; relays are tried over one technology. What own Click makes of frames is its compiler's doing, what is counted and which
 * data path an end has the agent's, not the kernel's.
 */
import { globSync } from 'node:fs'
import t from 'tap'
import { runFiles, tellFile } from './files.ts'
import { hostTimeoutMs, problem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

const files = globSync('agent/datapath/test/*.root.test.ts')
  .filter((file) => !/rates|isolation-matrix|\/own-|counters|forwarding-change|bridge-tunnels|\/links\.root/.test(file))
  .sort()

t.test('the data paths on the kernel of Debian', { skip: problem }, async (t) => {
  const results = await runFiles(files, { WEFT_TECHNOLOGY: 'vxlan' })
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
