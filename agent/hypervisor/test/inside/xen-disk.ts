/** A Xen guest that starts from a disk, in the Dom0 of a Xen host: started by lab/emulated/test/xen.emulated.test.ts. WEFT_TINY_DISK names the disk. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import type { DiskImage } from '../../../images/image.ts'
import { createLog } from '../../../log.ts'
import { guestTypes } from '../../xen/guest-type.ts'
import { xenHypervisor } from '../../xen/xen.ts'
import { specOf } from '../contract.ts'

const run = promisify(execFile)
const stateDir = '/var/lib/weft'
const { WEFT_TINY_DISK: path = '' } = process.env

const image: DiskImage = {
  name: 'tiny-disk',
  digest: '',
  cloudInit: true,
  guestAgent: true,
  kind: 'disk',
  path,
  format: 'raw',
  sizeBytes: (await stat(path)).size,
}

const digest = async (): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

t.setTimeout(1_700_000)

await t.test('a guest starts from a layer of its own over a disk, and what it writes there stays', async (t) => {
  const released: string[] = []
  const driver = xenHypervisor({
    uri: 'xen:///system',
    stateDir,
    images: { open: async () => image, release: async (_, node) => void released.push(node) },
    types: guestTypes,
    parallel: 1,
    bootTimeoutMs: 900_000,
    log: createLog('warn'),
  })
  t.teardown(() => driver.close())
  const change = { hypervisor: 'xen', image: image.name, memoryBytes: 192 * 1024 * 1024, diskBytes: 128 * 1024 * 1024 }
  const spec = { ...specOf('r1', 5, change), slot: 32_773 }
  const inside = async (script: string): Promise<string> => {
    const { stdout } = await driver.inside.exec(spec.vnet, 'r1', ['sh', '-c', script], 120_000)
    return Buffer.from(stdout).toString().trim()
  }
  const before = await digest()

  await driver.start(spec)
  await driver.configure(spec)
  t.match(await inside('ip -o -4 addr show dev eth0'), / 10\.0\.0\.1\/30 /)
  t.equal(await inside('cat /sys/block/xvda/size'), String(change.diskBytes / 512), 'as large as was asked for')
  t.equal(await inside('dd if=/dev/xvdb bs=1 skip=32808 count=6 2>/dev/null'), 'cidata', 'the label of the seed')
  await inside('echo kept | dd of=/dev/xvda bs=512 seek=200000 conv=fsync')

  const [{ domain = '' } = {}] = await driver.observe()
  await run('virsh', ['-q', '-c', 'xen:///system', 'destroy', domain])
  await driver.start(spec)
  await driver.configure(spec)
  t.equal(await inside('dd if=/dev/xvda bs=512 skip=200000 count=1 2>/dev/null | head -n1'), 'kept')

  await driver.remove(spec.vnet, 'r1')
  t.equal(await digest(), before, 'the image is as it was')
  t.same(released, ['r1'])
  t.same(await driver.observe(), [])
  t.same(await readdir(`${stateDir}/machines/xen`), [])
})
