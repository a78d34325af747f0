/** Whatever an archive says, what is written stays inside the directory. */
import { execFileSync } from 'node:child_process'
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { archive, type Entry } from '../../test/support/archive.ts'
import { unpackTar } from '../unpack.ts'

const place = async (test: Test) => {
  const base = test.testdir({ image: {} })
  await writeFile(join(base, 'secret'), 'of the host')
  return { base, directory: join(base, 'image') }
}

/** In pieces that meet no border of the format. */
const inPieces = async function* (bytes: Buffer, length = 333) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

const unpack = (directory: string, entries: readonly Entry[] | Buffer, mostBytes = 1 << 20) =>
  unpackTar(inPieces(Buffer.isBuffer(entries) ? entries : archive(entries)), { directory, mostBytes })

t.test('unpacks what tar(1) packed: long names, links, modes', async (test) => {
  const { base, directory } = await place(test)
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`
  const from = join(base, 'from')
  await mkdir(join(from, long), { recursive: true })
  await writeFile(join(from, long, 'file'), 'deep')
  await writeFile(join(from, 'program'), 'x'.repeat(100_000))
  await chmod(join(from, 'program'), 0o755)
  await symlink('/program', join(from, 'link'))
  await link(join(from, 'program'), join(from, 'same'))
  for (const format of ['gnu', 'pax', 'posix']) {
    const bytes = execFileSync('tar', ['--create', `--format=${format}`, '--directory', from, '.'], {
      maxBuffer: 1 << 24,
    })
    const to = join(directory, format)
    await mkdir(to)
    await unpack(to, bytes)
    test.equal(await readFile(join(to, long, 'file'), 'utf8'), 'deep', format)
    test.equal((await readFile(join(to, 'program'))).length, 100_000)
    test.equal((await lstat(join(to, 'program'))).mode & 0o7777, 0o755)
    test.equal((await lstat(join(to, 'same'))).ino, (await lstat(join(to, 'program'))).ino)
    test.equal(await readlink(join(to, 'link')), '/program')
  }
})

const evil: readonly { readonly what: string; readonly entries: readonly Entry[]; readonly says: RegExp }[] = [
  { what: 'a path with ..', entries: [{ path: '../secret', content: 'x' }], says: /leaves the image/ },
  {
    what: 'a path with .. in its middle',
    entries: [{ path: 'a/../../secret', content: 'x' }],
    says: /leaves the image/,
  },
  {
    what: 'a file below a symbolic link',
    entries: [
      { path: 'a', type: '2', target: '..' },
      { path: 'a/secret', content: 'x' },
    ],
    says: /no directory/,
  },
  {
    what: 'a directory below a symbolic link of two parts',
    entries: [
      { path: 'a', type: '5' },
      { path: 'a/b', type: '2', target: '/' },
      { path: 'a/b/c', type: '5' },
    ],
    says: /no directory/,
  },
  {
    what: 'a hard link to outside',
    entries: [{ path: 'a', type: '1', target: '../secret' }],
    says: /leaves the image/,
  },
  {
    what: 'a hard link through a symbolic link',
    entries: [
      { path: 'a', type: '2', target: '..' },
      { path: 'b', type: '1', target: 'a/secret' },
    ],
    says: /no directory/,
  },
  {
    what: 'a hard link to nothing',
    entries: [{ path: 'b', type: '1', target: 'a' }],
    says: /no file of the image/,
  },
  {
    what: 'a symbolic link in the place of a directory',
    entries: [
      { path: 'a', type: '5' },
      { path: 'a', type: '2', target: '..' },
    ],
    says: /place of a directory/,
  },
  { what: 'a file in the place of the image', entries: [{ path: './', type: '2', target: '/' }], says: /image itself/ },
  { what: 'more bytes than allowed', entries: [{ path: 'a', content: Buffer.alloc(2 << 20) }], says: /larger than/ },
  { what: 'a sparse file', entries: [{ path: 'a', type: 'S' }], says: /sparse/ },
  {
    what: 'a pax path that leaves',
    entries: [{ path: 'x', type: 'x', content: '21 path=../../secret\n' }, { path: 'a' }],
    says: /leaves/,
  },
]

for (const { what, entries, says } of evil) {
  t.test(`refuses ${what}`, async (test) => {
    const { base, directory } = await place(test)
    await test.rejects(unpack(directory, entries), { code: 'image.invalid', message: says })
    test.equal(await readFile(join(base, 'secret'), 'utf8'), 'of the host')
    test.strictSame((await readdir(base)).sort(), ['image', 'secret'])
  })
}

t.test('keeps an absolute path inside', async (test) => {
  const { directory } = await place(test)
  await unpack(directory, [{ path: '/etc/passwd', content: 'x' }])
  test.equal(await readFile(join(directory, 'etc/passwd'), 'utf8'), 'x')
})

t.test('a file takes the place of a symbolic link, not of what it leads to', async (test) => {
  const { base, directory } = await place(test)
  await unpack(directory, [
    { path: 'a', type: '2', target: '../secret' },
    { path: 'a', content: 'mine' },
  ])
  test.equal(await readFile(join(base, 'secret'), 'utf8'), 'of the host')
  test.equal(await readFile(join(directory, 'a'), 'utf8'), 'mine')
})

t.test('leaves out devices, and set-id bits that would be the host’s', async (test) => {
  const { directory } = await place(test)
  await unpack(directory, [
    { path: 'null', type: '3' },
    { path: 'su', mode: 0o4755, content: 'x' },
  ])
  test.strictSame(await readdir(directory), ['su'])
  test.equal((await lstat(join(directory, 'su'))).mode & 0o7777, 0o755)
})

t.test('says what is no tar', async (test) => {
  const { directory } = await place(test)
  const good = archive([{ path: 'a', content: 'x'.repeat(5000) }])
  await test.rejects(unpack(directory, Buffer.alloc(0)), { code: 'image.invalid', message: /empty/ })
  await test.rejects(unpack(directory, Buffer.from('#!/bin/sh\n'.repeat(100))), { code: 'image.invalid' })
  await test.rejects(unpack(directory, good.subarray(0, 3000)), { code: 'image.invalid', message: /ends within/ })
})
