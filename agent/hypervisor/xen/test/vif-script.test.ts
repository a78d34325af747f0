import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { vifScript, writeVifScript } from '../vif-script.ts'

t.test('the script is written once, whole and executable', async (t) => {
  const path = join(temporaryDirectory(t), 'xen/vif')
  await writeVifScript(path)
  t.equal(readFileSync(path, 'utf8'), vifScript)
  t.equal(statSync(path).mode & 0o777, 0o755)
  const before = statSync(path).ino
  await writeVifScript(path)
  t.equal(statSync(path).ino, before, 'one that is right is left')
  writeFileSync(path, 'old')
  await writeVifScript(path)
  t.equal(readFileSync(path, 'utf8'), vifScript)
})

t.test('guests that start at once do not disturb each other', async (t) => {
  const path = join(temporaryDirectory(t), 'xen/vif')
  await Promise.all(Array.from({ length: 20 }, () => writeVifScript(path)))
  t.equal(readFileSync(path, 'utf8'), vifScript)
  t.strictSame(readdirSync(dirname(path)), ['vif'], 'nothing is left beside it')
})

t.test('it names the interface and tells the backend to go on, or why not', (t) => {
  const directory = temporaryDirectory(t)
  const log = join(directory, 'log')
  const program = (name: string, script: string): void => {
    writeFileSync(join(directory, name), `#!/bin/sh\necho "${name} $*" >>${log}\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  // The script's own PATH is that of a host.
  const script = vifScript.replace(/^PATH=.*$/m, `PATH=${directory}:$PATH`)
  const run = (word: string): { readonly status: number | null; readonly said: string } => {
    writeFileSync(log, '')
    const env = { ...process.env, vif: 'vif1.0', XENBUS_PATH: 'backend/vif/1/0' }
    const { status } = spawnSync('sh', ['-c', script, 'vif', word], { env })
    return { status, said: existsSync(log) ? readFileSync(log, 'utf8') : '' }
  }
  program('xenstore-write', '')
  program('xenstore-read', 'echo vif32768.0')
  program('ip', '')
  t.same(run('online'), {
    status: 0,
    said: [
      'xenstore-read backend/vif/1/0/vifname',
      'ip link set dev vif1.0 down',
      'ip link set dev vif1.0 name vif32768.0',
      'xenstore-write backend/vif/1/0/hotplug-status connected',
      '',
    ].join('\n'),
  })
  t.same(run('offline'), { status: 0, said: '' })
  program('xenstore-read', 'exit 1')
  t.equal(
    run('online').said,
    'xenstore-read backend/vif/1/0/vifname\nxenstore-write backend/vif/1/0/hotplug-status connected\n',
    'one without a name of its own keeps that of libxl',
  )
  program('xenstore-read', 'echo vif32768.0')
  program('ip', 'exit 2')
  const failed = run('online')
  t.equal(failed.status, 1)
  t.match(failed.said, 'hotplug-error vif1.0 cannot be named vif32768.0 backend/vif/1/0/hotplug-status error')
  t.end()
})
