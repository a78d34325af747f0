import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { kernelFiles } from '../kernel-files.ts'
import { runInKernelHost } from '../kernel-host.ts'
import { hostTimeoutMs, problem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

/** Where kernel hosts of this process keep what they share: empty again once they have ended. */
const directory = temporaryDirectory(t)
process.env['TMPDIR'] = directory

t.test(
  'a command runs on the kernel of Debian with the machine’s files, and what it writes is gone',
  { skip: problem },
  async (t) => {
    const marker = join(directory, 'written-inside')
    const script = [
      'echo "$WORDS"; pwd; uname -r; node -p process.version',
      `echo x >"${marker}" && cat "${marker}"`,
      'cat /sys/class/net/lo/flags; ls /dev/net/tun; stat -f -c %T /sys/fs/bpf; ls /run',
      'echo to stderr >&2; exit 7',
    ].join('\n')
    const words = `it's "quoted" $HOME \\ \`id\``
    const { status, stdout, stderr } = await runInKernelHost(['sh', '-c', script], {
      cwd: directory,
      env: { WORDS: words },
      timeoutMs: hostTimeoutMs,
    })
    const { release } = await kernelFiles()
    t.equal(status, 7)
    t.same(stdout.split('\n'), [
      words,
      directory,
      release,
      process.version,
      'x',
      '0x9',
      '/dev/net/tun',
      'bpf_fs',
      'lock',
      'shared',
      '',
    ])
    t.match(stderr, /to stderr/)
    t.notOk(existsSync(marker))
  },
)

t.test('a machine that goes down under its command is no success', { skip: problem }, async (t) => {
  await t.rejects(
    runInKernelHost(['sh', '-c', 'echo so far; echo c >/proc/sysrq-trigger'], { timeoutMs: hostTimeoutMs }),
    { code: 'lab.failed', message: /went down before the command had ended.*(so far|sysrq triggered crash)/is },
  )
})

t.test('what does not end is ended', { skip: problem }, async (t) => {
  await t.rejects(runInKernelHost(['sleep', '3600'], { timeoutMs: 2000 }), {
    code: 'lab.failed',
    message: /did not end in 2 s/,
  })
})

t.test('nothing is left of kernel hosts that ended', { skip: problem }, (t) => {
  t.same(readdirSync(directory), [])
  t.end()
})
