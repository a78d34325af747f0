import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { kernelFiles, kernelFilesProblem } from '../kernel-files.ts'

/** Makes these the only programs that are found, each a script; the shell's own stay. */
const programs = (t: Test, scripts: Readonly<Record<string, string>>): void => {
  const directory = temporaryDirectory(t)
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  const before = process.env['PATH']
  process.env['PATH'] = `${directory}:/bin`
  t.teardown(() => {
    process.env['PATH'] = before
  })
}

t.test('what was prepared is used as it is, whatever the machine has', async (t) => {
  const cache = temporaryDirectory(t)
  writeFileSync(join(cache, 'release'), '6.1.0-1-amd64\n')
  t.equal(kernelFilesProblem(cache), false)
  t.same(await kernelFiles(cache), {
    release: '6.1.0-1-amd64',
    kernel: join(cache, 'vmlinuz'),
    layer: join(cache, 'layer'),
  })
  writeFileSync(join(cache, 'vmlinux'), '')
  t.match(await kernelFiles(cache), { kernel: join(cache, 'vmlinux') }, 'an unpacked kernel is preferred')
})

t.test('a kernel that apt cannot find or download is told in its words, and leaves nothing', async (t) => {
  const parent = temporaryDirectory(t)
  const cache = join(parent, '1')
  programs(t, {
    'apt-cache': 'echo "E: No packages found" >&2; exit 100',
    'apt-get': 'exit 100',
  })
  await t.rejects(kernelFiles(cache), { code: 'not-supported', message: /No packages found/ })
  programs(t, {
    'apt-cache': 'echo "Depends: linux-image-6.1.0-1-amd64 (= 6.1.1-1)"',
    'apt-get': 'echo "E: Failed to fetch $*" >&2; exit 100',
  })
  await t.rejects(kernelFiles(cache), {
    code: 'not-supported',
    message: /Failed to fetch .*download linux-image-6.1.0-1-amd64 busybox-static/,
  })
  t.same(readdirSync(parent), [])
})

t.test('packages that hold no kernel are refused, and leave nothing', async (t) => {
  const parent = temporaryDirectory(t)
  programs(t, {
    'apt-cache': 'echo "Depends: linux-image-6.1.0-1-amd64 (= 6.1.1-1)"',
    'apt-get': 'echo >a.deb',
    'dpkg-deb': 'mkdir -p "$3"',
  })
  await t.rejects(kernelFiles(join(parent, '1')), { code: 'not-supported', message: /no modules/ })
  mkdirSync(join(parent, 'other'))
  t.same(readdirSync(parent), ['other'])
})
