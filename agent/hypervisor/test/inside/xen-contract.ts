/** The contract over Xen guests, in the Dom0 of a Xen host: started by lab/emulated/test/xen.emulated.test.ts. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { openLocal } from '../../../images/local.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import type { HypervisorDriver, NodeSpec } from '../../driver.ts'
import { guestTypes } from '../../xen/guest-type.ts'
import { xenHypervisor } from '../../xen/xen.ts'
import { hypervisorContract, specOf } from '../contract.ts'
import { mountTiny } from './tiny-image.ts'

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'xen:///system', ...words])).stdout
const stateDir = '/var/lib/weft'
const channels = '/var/lib/libvirt/libxl/channel/target'

await mountTiny(`${stateDir}/images`)

const open = () =>
  xenHypervisor({
    uri: 'xen:///system',
    stateDir,
    images: {
      open: ({ node }, { fallback = '' } = {}) => openLocal(`${stateDir}/images`, node.image || fallback, node.id),
      release: async () => {},
    },
    types: guestTypes,
    parallel: 2,
    bootTimeoutMs: 600_000,
    log: createLog('warn'),
  })

const inside =
  (script: string) =>
  async (_: string, { vnet, node }: NodeSpec, driver: HypervisorDriver): Promise<void> => {
    await driver.inside.exec(vnet, node.id, ['sh', '-c', script], 60_000).catch(() => undefined)
  }

t.setTimeout(1_700_000)

const firstSlot = 32_768

const traces = async (): Promise<readonly string[]> => [
  ...(await virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '' && name !== 'Domain-0'),
  ...(await readdir(`${stateDir}/machines/xen`).catch(() => [])),
  ...(await readdir(channels).catch(() => [])),
  ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
]

await hypervisorContract(t, {
  open,
  stop: async (domain) => void (await virsh('destroy', domain)),
  // Each ends the guest under the command, which has no answer then. One that reboots is shut off for a moment, and told as that.
  ends: [
    { how: 'stopped', end: inside('poweroff') },
    { how: 'crashed', end: inside('echo c >/proc/sysrq-trigger') },
    { how: 'stopped', end: inside('reboot') },
  ],
  traces,
  runs: true,
  startsUp: true,
  memoryBytes: 128 * 1024 * 1024,
  firstSlot,
})

await t.test('what Xen has no memory for, or cannot start from, is told by a code and leaves nothing', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const spec = (change: Parameters<typeof specOf>[2]) => ({ ...specOf('r9', 9, change), slot: firstSlot + 9 })
  await t.rejects(driver.start(spec({ memoryBytes: 64 * 2 ** 30 })), { code: 'hypervisor.failed', object: 'node/r9' })
  await t.rejects(driver.start(spec({ image: 'host' })), { code: 'image.unsuitable', object: 'node/r9' })
  await t.rejects(driver.start(spec({ image: 'none' })), { code: 'image.unknown', object: 'node/r9' })
  t.same(await driver.observe(), [])
  t.same(await traces(), [])
})
