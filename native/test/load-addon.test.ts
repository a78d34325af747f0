import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadAddon } from '../load-addon.ts'

/** Has addons looked for in a directory of the test's own. */
const withDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-addon-'))
  const before = process.env['WEFT_ADDON_DIR']
  process.env['WEFT_ADDON_DIR'] = directory
  t.teardown(() => {
    if (before === undefined) delete process.env['WEFT_ADDON_DIR']
    else process.env['WEFT_ADDON_DIR'] = before
    rmSync(directory, { recursive: true })
  })
  return directory
}

t.test('an addon that was not built says so', async (t) => {
  const directory = withDirectory(t)
  t.throws(() => loadAddon('libvirt'), {
    code: 'ERR_ADDON_UNAVAILABLE',
    message: new RegExp(`^the libvirt addon cannot be loaded: .*${directory}/weft_libvirt\\.node`),
    cause: { code: 'MODULE_NOT_FOUND' },
  })
})

t.test('an addon that cannot be linked says why', async (t) => {
  const directory = withDirectory(t)
  writeFileSync(join(directory, 'weft_libvirt.node'), 'no shared object')
  t.throws(() => loadAddon('libvirt'), {
    code: 'ERR_ADDON_UNAVAILABLE',
    message: /^the libvirt addon cannot be loaded: .*(invalid ELF header|file too short)/,
    cause: { code: 'ERR_DLOPEN_FAILED' },
  })
})

t.test('an addon is loaded once', async (t) => {
  t.equal(loadAddon('netlink'), loadAddon('netlink'))
})
