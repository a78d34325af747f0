import { readdirSync } from 'node:fs'
import t from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { runInXenHost } from '../xen-host.ts'
import { hostTimeoutMs, xenProblem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

const skip = await xenProblem()

t.test('a command runs in the Dom0 of a real Xen, with both of libvirt’s drivers', { skip }, async (t) => {
  const directory = temporaryDirectory(t)
  process.env['TMPDIR'] = directory
  const script = [
    'cat /sys/hypervisor/type',
    'virsh -q -c xen:///system list --all --name && virsh -q -c lxc:///system list --all --name',
    'ls -A /var/lib/weft; stat -f -c %T /sys/fs/bpf; node -p process.version; exit 7',
  ].join('\n')
  const { status, stdout, stderr } = await runInXenHost(['sh', '-c', script], { timeoutMs: hostTimeoutMs })
  t.same(stdout.split('\n').filter(Boolean), ['xen', 'Domain-0', 'bpf_fs', process.version], stderr)
  t.equal(status, 7)
  t.same(readdirSync(directory), [], 'nothing is left of it')
})
