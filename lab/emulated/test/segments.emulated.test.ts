/**
 * Links between hosts on Debian's own kernel, which has the devices that this machine's may lack (gretap, 802.1Q, 802.1ad): those technologies over every
 * pair of data paths, and what the kernel does for the tunnels of bridges.
 */
import t from 'tap'
import { runFiles, tellFile } from './files.ts'
import { hostTimeoutMs, problem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

/** The others of that folder run by datapath.emulated.test.ts. */
const files = ['bridge-tunnels', 'links'].map((name) => `agent/datapath/test/${name}.root.test.ts`)

t.test('links between hosts on the kernel of Debian', { skip: problem }, async (t) => {
  // Of those that need no device of the kernel's one alone: they are the same on every kernel that has them.
  const results = await runFiles(files, { WEFT_TECHNOLOGY: 'gre,vlan,qinq,ipip' })
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
