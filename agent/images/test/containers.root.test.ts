import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { placeBusybox } from '../../../lab/images/busybox.ts'
import { labProblem, withVirtualHost } from '../../../lab/testing.ts'
import { busyboxProblem } from './support/busybox.ts'

t.setTimeout(600_000)

t.test('containers of images that were fetched', { skip: labProblem() || busyboxProblem() }, async (t) => {
  const host = await withVirtualHost(t)
  await placeBusybox(join(host.directory, 'weft/images'))
  const script = join(dirname(fileURLToPath(import.meta.url)), 'inside/containers.ts')
  const { status, stdout, stderr } = await host.exec([process.execPath, script], { timeoutMs: 500_000 })
  t.comment(stdout)
  t.equal(status, 0, stderr)
})
