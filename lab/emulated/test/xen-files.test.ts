import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { xenFiles, xenFilesProblem } from '../xen-files.ts'

/** apt in this test's place: prints what the scripts say. The machine's other programs stay. */
const apt = (t: Test, scripts: Readonly<Record<'apt-cache' | 'apt-get', string>>): void => {
  const directory = temporaryDirectory(t)
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  const before = process.env['PATH']
  process.env['PATH'] = `${directory}:${before}`
  t.teardown(() => {
    process.env['PATH'] = before
  })
}

const knows = 'echo "Depends: xen-hypervisor-4.17-amd64, xen-hypervisor-common, xen-utils-4.17"'

t.test('what was prepared is used as it is', async (t) => {
  const cache = temporaryDirectory(t)
  mkdirSync(join(cache, 'layer/usr/lib/xen-4.17/bin'), { recursive: true })
  writeFileSync(join(cache, 'xen'), '')
  t.equal(xenFilesProblem(cache), false)
  t.same(await xenFiles(cache), {
    hypervisor: join(cache, 'xen'),
    layer: join(cache, 'layer'),
    programs: '/usr/lib/xen-4.17/bin',
  })
})

t.test('packages are those of the current Xen, and what of their dependencies the machine lacks', async (t) => {
  const parent = temporaryDirectory(t)
  apt(t, {
    'apt-cache': knows,
    'apt-get': `case "$*" in
      *install*) echo 'Inst libxencall1 (4.17)'; echo 'Inst xen-utils-4.17 (4.17)'; echo 'Conf libxencall1 (4.17)' ;;
      *) echo "E: no $*" >&2; exit 100 ;;
    esac`,
  })
  await t.rejects(xenFiles(join(parent, '1')), {
    code: 'not-supported',
    message:
      /no .*download xen-hypervisor-4\.17-amd64 xen-utils-4\.17 .*qemu-system-xen .*libvirt-clients libxencall1$/,
  })
  t.same(readdirSync(parent), [], 'nothing is left')
})

t.test('a machine whose packages do not go with Xen’s is told in the words of apt', async (t) => {
  const parent = temporaryDirectory(t)
  apt(t, { 'apt-cache': knows, 'apt-get': 'echo "E: Unable to correct problems" >&2; exit 100' })
  await t.rejects(xenFiles(join(parent, '1')), { code: 'not-supported', message: /Unable to correct problems/ })
  apt(t, { 'apt-cache': 'exit 0', 'apt-get': 'exit 0' })
  await t.rejects(xenFiles(join(parent, '1')), { code: 'not-supported', message: /apt knows no xen-system-amd64/ })
  t.same(readdirSync(parent), [])
})
