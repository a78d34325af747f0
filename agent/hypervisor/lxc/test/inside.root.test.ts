/** Needs root: what is written belongs to the mapped ids. */
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { writeInside } from '../inside.ts'
import { imageMounts, makeRootTree, prepareRootTree, systemEntries } from '../root-tree.ts'

const skip = process.getuid?.() === 0 ? false : 'ownership is given by root'
const file = (path: string, content = 'x') => ({ path, content, mode: 0o640 })

t.test('files are written where the guest’s own root would find them, and belong to it', { skip }, async (t) => {
  const root = t.testdir()
  await writeInside(root, file('/etc/bird/bird.conf', 'router id'), 100_000)
  const path = join(root, 'etc/bird/bird.conf')
  t.equal(await readFile(path, 'utf8'), 'router id')
  const { uid, gid, mode } = await lstat(path)
  t.same([uid, gid, mode & 0o7777], [100_000, 100_000, 0o640])
  t.equal((await lstat(join(root, 'etc/bird'))).uid, 100_000)
  await writeInside(root, file('/etc/bird/bird.conf', 'other'), 100_000)
  t.equal(await readFile(path, 'utf8'), 'other')
})

t.test('no link of the guest leads out of its tree', { skip }, async (t) => {
  const outside = t.testdir({ secret: 'untouched', root: {} })
  const root = join(outside, 'root')
  await symlink(outside, join(root, 'absolute'))
  await symlink('../../../../../..', join(root, 'up'))
  await symlink(join(outside, 'secret'), join(root, 'file'))
  await symlink('loop', join(root, 'loop'))
  await mkdir(join(root, 'run'))
  await mkdir(join(root, 'var'))
  await symlink('/run', join(root, 'var/run'))

  await writeInside(root, file('/absolute/secret'), 100_000)
  t.equal(
    await readFile(join(root, outside, 'secret'), 'utf8'),
    'x',
    'an absolute target starts at the root of the tree',
  )
  await writeInside(root, file('/up/secret'), 100_000)
  t.equal(await readFile(join(root, 'secret'), 'utf8'), 'x', 'nobody climbs above the root')
  await writeInside(root, file('/file'), 100_000)
  t.ok((await lstat(join(root, 'file'))).isFile(), 'a link in the place of the file is replaced')
  await writeInside(root, file('/var/run/x/pid'), 100_000)
  t.equal(await readFile(join(root, 'run/x/pid'), 'utf8'), 'x')
  t.equal(await readFile(join(outside, 'secret'), 'utf8'), 'untouched')
  await t.rejects(writeInside(root, file('/loop/x'), 100_000), { code: 'slice.invalid' })
  await t.rejects(writeInside(root, file('/secret/x'), 100_000), { code: 'slice.invalid' })
  await t.rejects(writeInside(root, file('/var'), 100_000), { code: 'slice.invalid' })
})

const hostTree = { root: '/', isMapped: false }

t.test('a tree over the host’s own programs', { skip }, async (t) => {
  const root = join(t.testdir(), 'root')
  await makeRootTree(root, '/', 'r1')
  t.ok((await imageMounts(hostTree)).some(({ source, target }) => source === '/usr' && target === '/usr'))
  t.equal(await readFile(join(root, 'etc/hostname'), 'utf8'), 'r1\n')
  t.match(await readFile(join(root, 'etc/passwd'), 'utf8'), /^root:/)
  for (const path of ['', 'etc', 'etc/passwd', 'usr', 'tmp', 'var/log', 'etc/nsswitch.conf', 'var/run']) {
    t.equal((await lstat(join(root, path))).uid, 100_000, `/${path}`)
  }
  t.equal((await lstat(join(root, 'tmp'))).mode & 0o7777, 0o1777)
})

t.test(
  'before a start the volatile is cleared and files are written, none below what is mounted',
  { skip },
  async (t) => {
    const root = join(t.testdir(), 'root')
    await makeRootTree(root, '/', 'r1')
    const mounts = await imageMounts(hostTree)
    await writeFile(join(root, 'run/old.pid'), '1')
    await writeFile(join(root, 'tmp/old'), '1')
    const node = (path: string) => create('SliceNode', { id: 'r1', startUp: { files: [{ path, content: 'x' }] } })
    await prepareRootTree(root, node('/run/new'), mounts)
    await t.rejects(lstat(join(root, 'run/old.pid')))
    await t.rejects(lstat(join(root, 'tmp/old')))
    t.equal((await lstat(join(root, 'run/new'))).mode & 0o777, 0o644)
    for (const path of ['/usr/bin/x', '/bin/x', '/etc/alternatives/x']) {
      await t.rejects(prepareRootTree(root, node(path), mounts), { code: 'slice.invalid' }, path)
    }
  },
)

t.test('users of the host are none of the guest’s business', async (t) => {
  const text =
    'root:x:0:0:root:/root:/bin/bash\nbird:x:112:120::/run/bird:/usr/sbin/nologin\nada:x:1000:1000:Ada::/bin/sh\nnobody:x:65534:65534::/:/bin/false\n'
  t.same(
    systemEntries(text)
      .split('\n')
      .map((line) => line.split(':')[0]),
    ['root', 'bird', 'nobody', ''],
  )
})
