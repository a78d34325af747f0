/**
 * Xen guests on real Xen, in the Dom0 of an emulated host: the contract that drivers of all hypervisors keep, and a network of a guest and a
 * container.
 */
import t from 'tap'
import { tinyImage, tinyProblem } from '../../images/tiny.ts'
import { tinyDisk } from '../../images/tiny-disk.ts'
import { runInXenHost } from '../xen-host.ts'
import { runFiles, tellFile } from './files.ts'
import { hostTimeoutMs, xenProblem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

const skip = (await xenProblem()) || tinyProblem()
const files = [
  'agent/hypervisor/test/inside/xen-contract.ts',
  'agent/hypervisor/test/inside/xen-disk.ts',
  'agent/test/inside/xen-network.ts',
]

t.test('Xen guests in the Dom0 of an emulated host', { skip }, async (t) => {
  const environment = { WEFT_TINY: await tinyImage(), WEFT_TINY_DISK: await tinyDisk() }
  const results = await runFiles(files, environment, runInXenHost)
  t.equal(results.length, files.length, 'all files ran')
  for (const result of results) await tellFile(t, result)
})
