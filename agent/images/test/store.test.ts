/** The images of a host: fetched once, kept while they are used, whole or not there. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Image } from '../../../proto/generated/weft.v1.ts'
import { prepareDisk } from '../disk.ts'
import type { DiskImage, TreeImage } from '../image.ts'
import { type ImageStore, type ImageStoreOptions, openImageStore } from '../store.ts'
import { archive } from './support/archive.ts'
import { send, serve } from './support/server.ts'

const tree = archive([
  { path: 'bin', type: '5', mode: 0o755 },
  { path: 'bin/sh', content: '#!', mode: 0o755 },
])
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
/** Who runs the tests: unpacking needs no root then. */
const ids = { first: process.getuid?.() ?? 0, count: 1 }

const openIn = (directory: string, more: Partial<ImageStoreOptions> = {}): Promise<ImageStore> =>
  openImageStore({
    directory: join(directory, 'store'),
    localDirectory: join(directory, 'images'),
    ids,
    mostBytes: 1 << 24,
    keepMs: 0,
    timing: { idleMs: 5000, againMs: 1, wrongMs: 0 },
    ...more,
  })

const imageOf = (bytes: Buffer, url: string, more: Partial<Image> = {}): Image =>
  create('Image', { name: 'small', url, sha256: sha256(bytes), sizeBytes: bytes.length, format: 'tar', ...more })

const user = (id: string, imageSource?: Image, image = '') => ({ vnet: 'a.v', node: { id, image, imageSource } })

/** What is on disk of fetched images. */
const stored = (directory: string) => readdir(join(directory, 'store/sha256'))
const unfinished = (directory: string) => readdir(join(directory, 'store/unfinished'))

const setUp = async (test: Test, bytes = tree, more: Partial<Image> = {}) => {
  const directory = test.testdir()
  const server = await serve(test, (request, response) => send(request, response, bytes))
  return { directory, server, image: imageOf(bytes, `${server.url}/image`, more) }
}

for (const [how, pack] of [
  ['as it is', (bytes: Buffer) => bytes],
  ['packed by gzip', (bytes: Buffer) => gzipSync(bytes)],
  ['packed by zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
] as const) {
  t.test(`opens a tar ${how}`, async (test) => {
    const { directory, image } = await setUp(test, pack(tree), { cloudInit: true })
    const store = await openIn(directory)
    const opened = (await store.open(user('n1', image))) as TreeImage
    test.match(opened, { kind: 'tree', name: 'small', digest: image.sha256, isMapped: true, cloudInit: true })
    test.equal(await readFile(join(opened.root, 'bin/sh'), 'utf8'), '#!')
    test.strictSame(await unfinished(directory), [])
    test.match((await store.list()).at(-1), { name: 'small', sha256: image.sha256, format: 'tar' })
  })
}

t.test('is fetched once for all nodes that ask at a time, and after', async (test) => {
  const { directory, image, server } = await setUp(test)
  const store = await openIn(directory)
  await Promise.all(['n1', 'n2', 'n3'].map((id) => store.open(user(id, image))))
  await store.open(user('n4', image))
  test.equal(server.requests.length, 1)
})

t.test('an agent that starts again has its images and knows who uses them', async (test) => {
  const { directory, image, server } = await setUp(test)
  await (await openIn(directory)).open(user('n1', image))
  const store = await openIn(directory)
  await store.collect(new Set(['a.v/n1']))
  await store.open(user('n2', image))
  test.equal(server.requests.length, 1)
})

t.test('removes an image when its last node is released, and the time it is kept is over', async (test) => {
  const { directory, image } = await setUp(test)
  const store = await openIn(directory)
  await store.open(user('n1', image))
  await store.open(user('n2', image))
  const known = new Set(['a.v/n1', 'a.v/n2'])
  await store.release('a.v', 'n1')
  await store.collect(known)
  test.strictSame(await stored(directory), [`${image.sha256}.tar`])
  await store.release('a.v', 'n2')
  await store.release('a.v', 'n2')
  const patient = await openIn(directory, { keepMs: 3_600_000 })
  await patient.collect(known)
  test.strictSame(await stored(directory), [`${image.sha256}.tar`])
  await store.collect(known)
  test.strictSame(await stored(directory), [])
  test.strictSame(await readdir(join(directory, 'store/uses')), [])
})

t.test('forgets the use of a node that is no more', async (test) => {
  const { directory, image } = await setUp(test)
  const store = await openIn(directory)
  await store.open(user('n1', image))
  await store.collect(new Set())
  test.strictSame(await stored(directory), [])
})

t.test('removes at start what an earlier agent left half done', async (test) => {
  const { directory, image } = await setUp(test)
  await (await openIn(directory)).open(user('n1', image))
  await mkdir(join(directory, 'store/unfinished/7'))
  await writeFile(join(directory, 'store/unfinished/7/fetched'), 'part')
  await mkdir(join(directory, `store/sha256/${'0'.repeat(64)}.tar`))
  await openIn(directory)
  test.strictSame(await unfinished(directory), [])
  test.strictSame(await stored(directory), [`${image.sha256}.tar`])
})

t.test('fetches again what is no longer whole', async (test) => {
  const { directory, image, server } = await setUp(test)
  const store = await openIn(directory)
  const { root } = (await store.open(user('n1', image))) as TreeImage
  await rm(root, { recursive: true })
  await store.open(user('n1', image))
  test.equal(server.requests.length, 2)
  test.ok(existsSync(join(root, 'bin/sh')))
})

t.test('takes what was used least lately away where images may take no more', async (test) => {
  const big = (byte: number) => archive([{ path: 'a', content: Buffer.alloc(400_000, byte) }])
  const [first, second, third] = [big(1), big(2), big(3)]
  const directory = test.testdir()
  const { url } = await serve(test, (request, response) => {
    send(request, response, request.url === '/1' ? first : request.url === '/2' ? second : third)
  })
  const store = await openIn(directory, { mostBytes: 1_000_000, keepMs: 3_600_000 })
  await store.open(user('n1', imageOf(first, `${url}/1`)))
  await store.open(user('n2', imageOf(second, `${url}/2`)))
  const refused = { code: 'image.no-space', message: /left of what images may take/, object: 'node/n3' }
  await test.rejects(store.open(user('n3', imageOf(third, `${url}/3`))), refused)
  await store.release('a.v', 'n1')
  await store.open(user('n3', imageOf(third, `${url}/3`)))
  test.strictSame((await stored(directory)).sort(), [`${sha256(second)}.tar`, `${sha256(third)}.tar`].sort())
})

t.test('leaves nothing of an image that is not what it should be, and says so to each node', async (test) => {
  const { directory, image } = await setUp(test)
  const store = await openIn(directory)
  const wrong = { ...image, sha256: '0'.repeat(64) }
  const errors = await Promise.all(['n1', 'n2'].map((id) => store.open(user(id, wrong)).catch((error) => error)))
  test.match(errors, [
    { code: 'image.digest', object: 'node/n1' },
    { code: 'image.digest', object: 'node/n2' },
  ])
  const evil = archive([{ path: '../../etc/passwd', content: 'x' }])
  const { url } = await serve(test, (request, response) => send(request, response, evil))
  await test.rejects(store.open(user('n1', imageOf(evil, url))), { code: 'image.invalid', message: /leaves the image/ })
  await test.rejects(store.open(user('n1', { ...image, format: 'kernel' })), { code: 'image.invalid' })
  test.strictSame(await stored(directory), [])
  test.strictSame(await unfinished(directory), [])
  test.strictSame(await readdir(join(directory, 'store/uses')), [])
})

t.test('does not fetch at once again what was wrong', async (test) => {
  const { directory, image, server } = await setUp(test)
  const store = await openIn(directory, { timing: { againMs: 1 } })
  const wrong = user('n1', { ...image, sha256: '0'.repeat(64) })
  await test.rejects(store.open(wrong), { code: 'image.digest' })
  await test.rejects(store.open(wrong), { code: 'image.digest' })
  test.equal(server.requests.length, 1)
})

t.test('tells how far a fetch is, and ends it when nobody waits any more', async (test) => {
  const directory = test.testdir()
  const { url, requests } = await serve(test, (_, response) => {
    response.writeHead(200, { 'content-length': 4_000_000 }).write(Buffer.alloc(1_500_000))
  })
  const store = await openIn(directory)
  const image = imageOf(tree, url, { sizeBytes: 4_000_000 })
  const [one, two] = [new AbortController(), new AbortController()]
  const first = store.open(user('n1', image), { signal: one.signal })
  const second = store.open(user('n2', image), { signal: two.signal })
  first.catch(() => {})
  second.catch(() => {})
  while (store.progress('a.v', 'n2') !== 'fetching image small: 1.5 of 4.0 MB')
    await new Promise((resolve) => setTimeout(resolve, 10))
  one.abort(new Error('gone'))
  await test.rejects(first, { message: 'gone' })
  test.equal(store.progress('a.v', 'n1'), undefined)
  test.strictSame(await unfinished(directory), ['1'])
  two.abort(new Error('gone too'))
  await test.rejects(second, { message: 'gone too' })
  while ((await unfinished(directory)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  test.equal(requests.length, 1)
  await store.close()
})

t.test('an image does not wait behind another', async (test) => {
  const directory = test.testdir()
  const { url } = await serve(test, (request, response) => {
    if (request.url === '/slow') response.writeHead(200, { 'content-length': 4_000_000 }).write('a')
    else send(request, response, tree)
  })
  const store = await openIn(directory)
  const slow = store.open(user('n1', imageOf(tree, `${url}/slow`, { sha256: '1'.repeat(64), sizeBytes: 0 })))
  slow.catch(() => {})
  await store.open(user('n2', imageOf(tree, `${url}/quick`)))
  await store.close()
  await test.rejects(slow, { message: /the agent ends/ })
  test.strictSame(await unfinished(directory), [])
})

t.test('refuses sources that are none', async (test) => {
  const store = await openIn(test.testdir())
  const good = imageOf(tree, 'http://127.0.0.1:1/')
  for (const bad of [
    { name: '../../etc' },
    { sha256: '' },
    { sha256: '../'.repeat(20) },
    { format: 'directory' },
    { format: 'iso' },
    { url: 'ftp://a/b' },
    { url: '/etc/passwd' },
  ])
    await test.rejects(store.open(user('n1', { ...good, ...bad })), { code: 'image.invalid', object: 'node/n1' })
})

t.test('opens what lies in the host’s own directory', async (test) => {
  const directory = test.testdir({
    images: {
      tree: { usr: {} },
      tiny: { kernel: 'k', initrd: 'i', cmdline: 'quiet panic=-1\n' },
      'not an image': {},
      '.hidden': {},
      'disk.raw': 'x'.repeat(512),
    },
  })
  const store = await openIn(directory)
  test.strictSame(
    (await store.list()).map(({ name, format, sha256: digest }) => `${name} ${format} ${digest}`),
    ['disk raw ', 'host directory ', 'tiny kernel ', 'tree directory '],
  )
  test.match(await store.open(user('n1')), { kind: 'tree', name: 'host', root: '/', isMapped: false })
  test.match(await store.open(user('n1', undefined, 'tree')), { kind: 'tree', root: join(directory, 'images/tree') })
  test.match(await store.open(user('n1'), { fallback: 'tiny' }), { kind: 'kernel', commandLine: 'quiet panic=-1' })
  await test.rejects(store.open(user('n1', undefined, 'none')), {
    code: 'image.unknown',
    hint: 'images here: disk, host, tiny, tree',
  })
})

t.test('opens a kernel, whose files are files', async (test) => {
  const files = [
    { path: './kernel', content: 'k' },
    { path: './initrd', content: 'i' },
    { path: './other', content: 'unwanted' },
  ]
  const good = archive([...files, { path: './cmdline', content: 'console=ttyS0\n' }])
  const evil = archive([...files, { path: './cmdline', type: '2', target: '/etc/shadow' }])
  const directory = test.testdir()
  const { url } = await serve(test, (request, response) => send(request, response, request.url === '/1' ? good : evil))
  const store = await openIn(directory)
  const opened = await store.open(user('n1', imageOf(good, `${url}/1`, { format: 'kernel' })))
  test.match(opened, { kind: 'kernel', commandLine: 'console=ttyS0' })
  test.strictSame((await readdir(join(directory, `store/sha256/${sha256(good)}.kernel`))).sort(), [
    'cmdline',
    'image.json',
    'initrd',
    'kernel',
  ])
  await test.rejects(store.open(user('n1', imageOf(evil, `${url}/2`, { format: 'kernel' }))), {
    code: 'image.invalid',
    message: /has no file cmdline/,
  })
})

const hasQemuImg = execFileSync('sh', ['-c', 'command -v qemu-img || true']).length > 0

t.test('opens disks, each node’s with a layer of its own', { skip: !hasQemuImg && 'no qemu-img' }, async (test) => {
  const directory = test.testdir({ 'disk.raw': Buffer.alloc(1 << 20, 7), nodes: {} })
  const raw = join(directory, 'disk.raw')
  const run = (...argv: string[]) => execFileSync('qemu-img', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  run('convert', '-O', 'qcow2', raw, join(directory, 'disk.qcow2'))
  run('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/passwd', join(directory, 'evil.qcow2'))
  run('create', '-q', '-f', 'qcow2', '-o', `data_file=${raw}.data`, join(directory, 'data.qcow2'), '1M')
  const source = async (name: string, format: string) => {
    const bytes = await readFile(join(directory, name))
    return imageOf(bytes, `file://${join(directory, name)}`, { format })
  }
  const store = await openIn(directory)
  for (const format of ['raw', 'qcow2'] as const) {
    const opened = (await store.open(user('n1', await source(`disk.${format}`, format)))) as DiskImage
    test.match(opened, { kind: 'disk', format, sizeBytes: 1 << 20 })
    test.equal((await lstat(opened.path)).mode & 0o777, 0o444)
    const layer = join(directory, 'nodes', format)
    test.equal(await prepareDisk(opened, layer, 1 << 22), layer)
    const info = JSON.parse(String(run('info', '--output=json', layer)))
    test.match(info, { 'virtual-size': 1 << 22, 'backing-filename': opened.path, 'backing-filename-format': format })
    const before = await lstat(layer)
    await prepareDisk(opened, layer, 1 << 22)
    test.equal((await lstat(layer)).mtimeMs, before.mtimeMs)
  }
  for (const evil of ['evil.qcow2', 'data.qcow2'])
    await test.rejects(store.open(user('n2', await source(evil, 'qcow2'))), {
      code: 'image.invalid',
      message: /another file/,
    })
  await test.rejects(store.open(user('n2', await source('disk.raw', 'qcow2'))), {
    code: 'image.invalid',
    message: /no disk of the format qcow2/,
  })
  test.strictSame(await unfinished(directory), [])
})
