/** Containers of a provider's image, in a virtual host: started by containers.root.test.ts. */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { create } from '../../../../proto/codec.ts'
import type { Image } from '../../../../proto/generated/weft.v1.ts'
import { parseConfig } from '../../../config.ts'
import type { NodeSpec } from '../../../hypervisor/driver.ts'
import { lxcHypervisor } from '../../../hypervisor/lxc/lxc.ts'
import { createLog } from '../../../log.ts'
import { openImages } from '../../open.ts'
import type { ImageStore } from '../../store.ts'
import { archive } from '../support/archive.ts'
import { busyboxImage } from '../support/busybox.ts'

const run = promisify(execFile)
const vnet = 'alice.images'

const imageOf = async (bytes: Buffer, more: Partial<Image> = {}): Promise<Image> => {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await writeFile(`/var/lib/${sha256}`, bytes)
  return create('Image', { name: 'small', url: `file:///var/lib/${sha256}`, sha256, format: 'tar', ...more })
}

const specOf = (id: string, slot: number, imageSource: Image): NodeSpec => ({
  vnet,
  slot,
  node: create('SliceNode', { id, hypervisor: 'lxc', memoryBytes: 64 * 2 ** 20, image: 'small', imageSource }),
})

const open = (t: Test, stateDir: string, images: ImageStore) => {
  const driver = lxcHypervisor({ uri: 'lxc:///system', stateDir, images, parallel: 4, log: createLog('error') })
  t.teardown(() => driver.close())
  return driver
}

await t.test(
  'containers of a tar have all that is in it, each its own settings and all the same programs',
  async (t) => {
    const stateDir = '/var/lib/weft'
    const images = await openImages(stateDir, parseConfig('', ''))
    const driver = open(t, stateDir, images)
    const source = await imageOf(
      gzipSync(
        await busyboxImage([
          { path: 'etc/motd', content: 'welcome\n' },
          { path: 'opt/app/data', content: 'x', uid: 1000, gid: 1000 },
          { path: 'bin/as-root', content: 'x', mode: 0o4755 },
          { path: 'var/log', type: '2', target: '/opt' },
          { path: 'usr', type: '2', target: '/' },
        ]),
      ),
    )
    const specs = [specOf('a', 1, source), specOf('b', 2, source)]
    for (const spec of specs) {
      await driver.start(spec)
      await driver.configure(spec)
    }
    const sh = async (node: string, command: string): Promise<string> => {
      const { stdout, stderr } = await driver.inside.exec(vnet, node, ['sh', '-c', command], 60_000)
      return `${Buffer.from(stdout)}${Buffer.from(stderr)}`.trim()
    }
    t.equal(
      await sh('a', 'cat /etc/motd; hostname; id -u; stat -c %u:%g /opt/app/data /bin/busybox'),
      'welcome\na\n0\n1000:1000\n0:0',
    )
    t.equal(
      await sh('a', 'stat -c %a /bin/as-root /root /tmp'),
      '4755\n700\n1777',
      'set-id bits are those of the guest',
    )
    t.match(await sh('a', 'echo x >/bin/new'), /Read-only file system/)
    t.equal(await sh('a', 'echo mine >/etc/motd; cat /etc/motd'), 'mine')
    t.equal(await sh('b', 'cat /etc/motd'), 'welcome', 'what a node changes is its own')
    const [entry = ''] = await readdir(`${stateDir}/image-store/sha256`)
    const tree = `${stateDir}/image-store/sha256/${entry}/tree`
    t.equal(await readFile(`${tree}/etc/motd`, 'utf8'), 'welcome\n')
    t.equal((await stat(`${tree}/opt/app/data`)).uid, 101_000)

    await images.collect(new Set())
    t.equal((await readdir(`${stateDir}/image-store/sha256`)).length, 1, 'it is kept for a while')
    for (const { node } of specs) await driver.remove(vnet, node.id)
    t.same(await readdir(`${stateDir}/image-store/uses`), [])
    t.same(await readdir(`${stateDir}/nodes`), [])
  },
)

await t.test('a container of the image busybox has its programs and none of the host’s', async (t) => {
  const stateDir = '/var/lib/weft'
  const driver = open(t, stateDir, await openImages(stateDir, parseConfig('', '')))
  const interfaces = [{ index: 0, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/30'], mtu: 1400 }]
  const node = create('SliceNode', {
    id: 'c',
    hypervisor: 'lxc',
    memoryBytes: 64 * 2 ** 20,
    image: 'busybox',
    interfaces,
  })
  const spec = { vnet, slot: 3, node }
  await driver.start(spec)
  await driver.configure(spec)
  const script = 'ls -d /usr/bin /lib 2>/dev/null; ip -o -4 address show dev eth0; ping -c 1 -W 60 10.0.0.1'
  const { stdout } = await driver.inside.exec(vnet, 'c', ['sh', '-c', script], 120_000)
  t.match(Buffer.from(stdout).toString(), /^\d+: eth0 .*inet 10\.0\.0\.1\/30.*1 packets received/s)
  await driver.remove(vnet, 'c')
})

await t.test('a container does not start from a disk', async (t) => {
  const stateDir = '/var/lib/weft'
  const driver = open(t, stateDir, await openImages(stateDir, parseConfig('', '')))
  const source = await imageOf(randomBytes(4096), { format: 'raw' })
  await t.rejects(driver.start(specOf('a', 1, source)), { code: 'image.unsuitable', object: 'node/a' })
  t.same(await driver.observe(), [])
})

/** A host whose disk has 12 MB. */
const smallDisk = async (t: Test): Promise<string> => {
  const stateDir = '/var/lib/small'
  await mkdir(stateDir, { recursive: true })
  await run('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=0755', 'none', stateDir])
  t.teardown(() => run('umount', ['--lazy', stateDir]))
  return stateDir
}

/** Bytes in files below a directory. */
const bytesIn = async (directory: string): Promise<number> =>
  Number((await run('du', ['--summarize', '--bytes', '--apparent-size', `${directory}`])).stdout.split('\t')[0])

await t.test('a disk that gets full while an image comes has nothing of it left', async (t) => {
  const stateDir = await smallDisk(t)
  const images = await openImages(stateDir, parseConfig('', ''))
  const before = await bytesIn(stateDir)
  const refused = { code: 'image.no-space', object: 'node/a' }
  const large = await imageOf(randomBytes(20 * 2 ** 20), { format: 'raw' })
  await t.rejects(images.open(specOf('a', 1, large)), refused, 'while it is fetched')
  await t.rejects(images.open(specOf('a', 1, { ...large, sizeBytes: 20 * 2 ** 20 })), refused, 'before it is fetched')
  const zeros = archive([{ path: 'a', content: Buffer.alloc(20 * 2 ** 20) }])
  const packed = await imageOf(gzipSync(zeros))
  await t.rejects(images.open(specOf('a', 1, packed)), refused, 'while it is unpacked')
  t.equal(await bytesIn(stateDir), before)
  t.same(await images.list(), [{ ...create('Image'), name: 'host', format: 'directory' }])
})

await t.test('a disk that gets full while a node is made has nothing of the node left', async (t) => {
  const stateDir = await smallDisk(t)
  const images = await openImages(stateDir, parseConfig('', ''))
  const driver = open(t, stateDir, images)
  const source = await imageOf(gzipSync(await busyboxImage([{ path: 'opt/data', content: randomBytes(4 * 2 ** 20) }])))
  await images.open(specOf('a', 1, source))
  await writeFile(`${stateDir}/other`, randomBytes(3 * 2 ** 20))
  await t.rejects(driver.start(specOf('a', 1, source)), { code: 'image.no-space' })
  t.same(await driver.observe(), [])
  t.same(await readdir(`${stateDir}/nodes`), [])
  t.same(await readdir(`${stateDir}/image-store/uses`), [])
})
