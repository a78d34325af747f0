import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { labProblem, withVirtualHost } from '../../../../lab/testing.ts'

t.setTimeout(600_000)

t.test('containers keep the contract', { skip: labProblem() }, async (t) => {
  const host = await withVirtualHost(t)
  const script = join(dirname(fileURLToPath(import.meta.url)), '../../test/inside/lxc-contract.ts')
  const { status, stdout, stderr } = await host.exec([process.execPath, script], { timeoutMs: 500_000 })
  t.comment(stdout)
  t.equal(status, 0, stderr)
})
