/** The driver of Xen on real Xen: the contract that all drivers keep, in the Dom0 of an emulated host. */
import t from 'tap'
import { tinyImage, tinyProblem } from '../../images/tiny.ts'
import { runInXenHost } from '../xen-host.ts'
import { hostTimeoutMs, xenProblem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

const skip = (await xenProblem()) || tinyProblem()

t.test('Xen guests keep the contract', { skip }, async (t) => {
  const script = 'agent/hypervisor/test/inside/xen-contract.ts'
  const { status, stdout, stderr } = await runInXenHost([process.execPath, script, await tinyImage()], {
    timeoutMs: hostTimeoutMs,
  })
  t.comment(stdout)
  t.equal(status, 0, stderr)
})
