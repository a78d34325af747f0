/** The contract over virtual machines, in a virtual host: started by qemu/test/qemu.root.test.ts. */
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { openLocal } from '../../../images/local.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import { type QemuOptions, qemuHypervisor } from '../../qemu/qemu.ts'
import { hypervisorContract, type Subject, specOf } from '../contract.ts'

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'qemu:///system', ...words])).stdout
const stateDir = '/var/lib/weft'

const traces = async (): Promise<readonly string[]> => [
  ...(await virsh('list', '--all', '--name')).split('\n').filter(Boolean),
  ...(await readdir(`${stateDir}/machines/qemu`).catch(() => [])),
  ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
]

const open = (change: Partial<QemuOptions> = {}) =>
  qemuHypervisor({
    name: 'qemu',
    uri: 'qemu:///system',
    stateDir,
    images: {
      open: ({ node }, { fallback = '' } = {}) => openLocal(`${stateDir}/images`, node.image || fallback, node.id),
      release: async () => {},
    },
    parallel: 2,
    bootTimeoutMs: 300_000,
    trial: { now: () => '', done: async () => '' },
    log: createLog('warn'),
    ...change,
  })

t.setTimeout(900_000)

type End = NonNullable<Subject['ends']>[number]['end']

const inside =
  (command: string): End =>
  async (_domain, { vnet, node }, driver) => {
    // It may end before it has answered.
    await driver.inside.exec(vnet, node.id, ['sh', '-c', command], 60_000).catch(() => {})
  }

const killQemu: End = async (domain) => {
  process.kill(Number(await readFile(`/run/libvirt/qemu/${domain}.pid`, 'utf8')), 'SIGKILL')
}

await hypervisorContract(t, {
  open,
  stop: async (domain) => void (await virsh('destroy', domain)),
  ends: [
    { how: 'stopped', end: inside('poweroff') },
    { how: 'rebooted', end: inside('reboot') },
    { how: 'crashed', end: killQemu },
    { how: 'crashed', end: inside('echo c >/proc/sysrq-trigger') },
  ],
  traces,
  losesVifs: true,
  runs: true,
  startsUp: true,
  memoryBytes: 128 * 1024 * 1024,
})

/** Boots and says one letter at the serial line: mov dx,0x3f8; mov al,'W'; out dx,al; then hlt for ever. */
const bootSector = (): Buffer => {
  const sector = Buffer.alloc(512)
  Buffer.from([0xba, 0xf8, 0x03, 0xb0, 0x57, 0xee, 0xf4, 0xeb, 0xfd]).copy(sector)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

const diskImages = (guestAgent: boolean): QemuOptions['images'] => ({
  open: async () => ({
    kind: 'disk',
    name: 'sector',
    digest: 'f00d',
    cloudInit: true,
    guestAgent,
    path: `${stateDir}/sector.raw`,
    format: 'raw',
    sizeBytes: 1 << 20,
  }),
  release: async () => {},
})

await t.test('a disk is a layer of the node, and its seed tells all where no agent does', async (t) => {
  const file = Buffer.alloc(1 << 20)
  bootSector().copy(file)
  await writeFile(`${stateDir}/sector.raw`, file)
  const driver = open({ images: diskImages(false) })
  t.teardown(() => driver.close())
  const spec = specOf('disk', 9, { diskBytes: 8 << 20 })
  await driver.start(spec)
  await driver.configure(spec)
  const directory = `${stateDir}/machines/qemu/${spec.vnet}/disk`
  const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', `${directory}/disk.qcow2`])
  t.match(JSON.parse(stdout), { 'virtual-size': 8 << 20, 'backing-filename': `${stateDir}/sector.raw` })
  t.ok((await readdir(directory)).includes('seed.iso'))
  await t.rejects(driver.inside.exec(spec.vnet, 'disk', ['true'], 1000), { code: 'verb.unsupported' })
  await driver.remove(spec.vnet, 'disk')
  t.same(await traces(), [])
  t.ok((await readFile(`${stateDir}/sector.raw`)).equals(file), 'the image is as it was')
})

await t.test('a guest that never comes up is told so, and nothing of it is left', async (t) => {
  const driver = open({ images: diskImages(true), bootTimeoutMs: 500 })
  t.teardown(() => driver.close())
  await t.rejects(driver.start(specOf('dead', 9)), {
    code: 'hypervisor.failed',
    object: 'node/dead',
    message: /did not come up/,
  })
  t.same(await driver.observe(), [])
  t.same(await traces(), [])
})

await t.test('a libvirt without the driver, and a processor that cannot, are told by their reasons', async (t) => {
  const missing = open({ uri: 'lxc:///system' })
  t.teardown(() => missing.close())
  t.match(await missing.probe(), { name: 'qemu', unavailable: /driver/ })
  await t.rejects(missing.start(specOf('none', 9)), { code: 'hypervisor.unavailable', message: /driver/ })
  t.same(await missing.observe(), [])
  const slow = open({ name: 'kvm', trial: { now: () => 'KVM is broken', done: async () => 'KVM is broken' } })
  t.teardown(() => slow.close())
  t.match(await slow.probe(), { name: 'kvm', unavailable: 'KVM is broken' })
  await t.rejects(slow.start(specOf('none', 9)), { code: 'hypervisor.unavailable', message: 'KVM is broken' })
  t.same(await traces(), [])
})
