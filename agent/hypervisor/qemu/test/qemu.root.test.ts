import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { placeTiny, tinyProblem } from '../../../../lab/images/tiny.ts'
import { labProblem, withVirtualHost } from '../../../../lab/testing.ts'

t.setTimeout(1_200_000)

t.test('virtual machines keep the contract', { skip: labProblem(['qemu']) || tinyProblem() }, async (t) => {
  const host = await withVirtualHost(t, { drivers: ['qemu'] })
  await placeTiny(join(host.directory, 'weft/images'))
  const script = join(dirname(fileURLToPath(import.meta.url)), '../../test/inside/qemu-contract.ts')
  const { status, stdout, stderr } = await host.exec([process.execPath, script], { timeoutMs: 1_000_000 })
  t.comment(stdout)
  t.equal(status, 0, stderr)
})
