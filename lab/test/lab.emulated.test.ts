/**
 * Labs on a machine as Debian 12 is installed: its own kernel, and control groups of version 2 alone, where other machines have version 1.
 */
import t from 'tap'
import { runInKernelHost } from '../emulated/kernel-host.ts'
import { readResults, tellFile } from '../emulated/test/files.ts'
import { hostTimeoutMs, problem } from '../emulated/test/problem.ts'
import { labProblem } from '../lab.ts'

const skip = problem || labProblem()
t.setTimeout(hostTimeoutMs)

/** What Debian's systemd does before anybody logs in. */
const asInstalled = 'modprobe fuse && mount -t cgroup2 cgroup2 /sys/fs/cgroup'

const onDebian = (command: string) =>
  runInKernelHost(['sh', '-c', `${asInstalled} && ${command}`], {
    timeoutMs: hostTimeoutMs,
    memoryBytes: 4 * 2 ** 30,
    // The machine's own labs are in sight at the usual place.
    env: { WEFT_LAB_DIR: '/srv/weft-lab' },
  })

t.test('virtual hosts with control groups of version 2', { skip }, async (t) => {
  const { stdout, stderr } = await onDebian('sh lab/emulated/test/inside/files.sh lab/test/lab.root.test.ts')
  const results = readResults(stdout)
  t.equal(results.length, 1, stderr)
  for (const result of results) await tellFile(t, result)
})

t.test('npm start with control groups of version 2', { skip }, async (t) => {
  const { status, stdout, stderr } = await onDebian('node lab/start.ts --once -o json --timeout 1200')
  t.equal(status, 0, stderr)
  t.same(JSON.parse(stdout).pings, { passed: 14, failed: 0 })
})
