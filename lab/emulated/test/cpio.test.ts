import { spawnSync } from 'node:child_process'
import t from 'tap'
import { findProgram } from '../../host/libvirt.ts'
import { directoryEntry, fileEntry, linkEntry, writeArchive } from '../cpio.ts'

t.test('a file is its header, its name and its content, each filled up to words of four bytes', (t) => {
  const archive = writeArchive([fileEntry('a', 'hello', 0o755)])
  const header = [
    '070701', // magic
    '00000001', // inode
    '000081ED', // mode: a file, 0755
    '00000000', // user
    '00000000', // group
    '00000001', // links
    '00000000', // time
    '00000005', // bytes of content
    '00000000', // device it is on, major
    '00000000', // minor
    '00000000', // device that it is, major
    '00000000', // minor
    '00000002', // bytes of its name
    '00000000', // check, of another format
  ].join('')
  t.equal(archive.toString('latin1', 0, 120), `${header}a\0hello\0\0\0`)
  t.equal(archive.toString('latin1', 120, 126), '070701', 'the trailer follows')
  t.equal(archive.length % 4, 0)
  t.end()
})

const skip = findProgram('cpio') ? false : 'cpio is not installed'

t.test('cpio reads what was written', { skip }, (t) => {
  const archive = writeArchive([
    directoryEntry('bin'),
    fileEntry('bin/one', 'x'.repeat(1001)),
    linkEntry('bin/two', 'one'),
  ])
  const { status, stdout } = spawnSync('cpio', ['--list', '--verbose', '--numeric-uid-gid', '--quiet'], {
    input: archive,
  })
  t.equal(status, 0)
  t.match(
    stdout.toString(),
    /^drwxr-xr-x .* bin\n-rw-r--r-- +1 0 +0 +1001 .* bin\/one\nlrwxrwxrwx .* bin\/two -> one\n$/,
  )
  t.end()
})
