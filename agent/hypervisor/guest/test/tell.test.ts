import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { printed, quoted } from '../shell.ts'
import { identityScript } from '../start-up.ts'
import { taleScript } from '../tell.ts'

const node = create('SliceNode', {
  id: 'r1',
  startUp: { command: "echo 'it works'", files: [{ path: "/etc/it's", content: 'a\n', mode: 0o600 }] },
})

t.test('any bytes and any words come through a shell', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
  for (const shell of ['sh', 'bash']) {
    t.same(execFileSync(shell, ['-s'], { input: printed(bytes) }), bytes, shell)
    t.same(execFileSync(shell, ['-s'], { input: printed(Buffer.from('-n')) }), Buffer.from('-n'))
    t.same(execFileSync(shell, ['-s'], { input: printed(Buffer.alloc(0)) }), Buffer.alloc(0))
    const words = 'it\'s $HOME `id` \\ "\n'
    t.equal(execFileSync(shell, ['-s'], { input: `printf %s ${quoted(words)}` }).toString(), words)
  }
})

t.test(
  'a guest that is new is told its name, its files, its interfaces and its command, and else the last two',
  async (t) => {
    const parts = (isNew: boolean) => taleScript({ node, interfaces: [], isNew }).match(/(?<=^part=).*/gm)
    t.same(parts(true), ["'its name'", "'the file /etc/it'\\''s'", "'its interfaces'", "'its start-up command'"])
    t.same(parts(false), ["'its interfaces'", "'its start-up command'"])
    for (const isNew of [true, false])
      execFileSync('sh', ['-n'], { input: taleScript({ node, interfaces: [], isNew }) })
  },
)

/** The part for the name, with the guest's files in a directory. */
const called = (directory: string, before: string, hosts: string): string => {
  mkdirSync(join(directory, 'etc'), { recursive: true })
  mkdirSync(join(directory, 'proc/sys/kernel'), { recursive: true })
  writeFileSync(join(directory, 'proc/sys/kernel/hostname'), `${before}\n`)
  writeFileSync(join(directory, 'etc/hosts'), hosts)
  const script = ['set -e', ...identityScript(create('SliceNode', { id: 'r1' }))].join('\n')
  execFileSync('sh', ['-s'], {
    input: script.replaceAll('/etc/', `${directory}/etc/`).replaceAll('/proc/', `${directory}/proc/`),
  })
  t.equal(readFileSync(join(directory, 'etc/hostname'), 'utf8'), 'r1\n')
  t.equal(readFileSync(join(directory, 'proc/sys/kernel/hostname'), 'utf8'), 'r1\n')
  return readFileSync(join(directory, 'etc/hosts'), 'utf8')
}

t.test('a name finds its line among the hosts, and takes that of the name before away', async (t) => {
  const local = '127.0.0.1 localhost\n'
  t.equal(called(t.testdir({}), 'localhost', local), `${local}127.0.1.1 r1\n`)
  t.equal(called(t.testdir({}), 'n1', `${local}127.0.1.1 n1\n::1 localhost`), `${local}::1 localhost\n127.0.1.1 r1\n`)
  t.equal(called(t.testdir({}), 'r1', `${local}127.0.1.1\tr1\n`), `${local}127.0.1.1\tr1\n`)
  t.equal(called(t.testdir({}), 'n1', `${local}127.0.1.1 n11\n`), `${local}127.0.1.1 n11\n127.0.1.1 r1\n`)
})

t.test('what fails is said with its part', async (t) => {
  const directory = t.testdir({ here: {} })
  const startUp = { files: [{ path: `${directory}/here`, content: 'x' }] }
  const [, ...rest] = taleScript({ node: create('SliceNode', { id: 'r1', startUp }), interfaces: [], isNew: true })
    .split('\n')
    .filter((line) => !line.startsWith('called '))
  const { status, stderr } = spawnSync('sh', ['-s'], { input: ['set -e', ...rest].join('\n'), encoding: 'utf8' })
  t.equal(status, 1)
  t.equal(stderr, `${directory}/here is a directory in the node\nthe file ${directory}/here\n`)
})
