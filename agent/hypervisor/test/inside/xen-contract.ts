/** The contract over Xen guests, in the Dom0 of a Xen host: started by lab/emulated/test/xen.emulated.test.ts. */
import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { openLocal } from '../../../images/local.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import type { HypervisorDriver, NodeSpec } from '../../driver.ts'
import { guestTypes } from '../../xen/guest-type.ts'
import { xenHypervisor } from '../../xen/xen.ts'
import { hypervisorContract } from '../contract.ts'

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'xen:///system', ...words])).stdout
const stateDir = '/var/lib/weft'
const channels = '/var/lib/libvirt/libxl/channel/target'
const [tiny = '', ...types] = process.argv.slice(2)

// A directory of the machine's, as it is.
await mkdir(`${stateDir}/images/tiny`, { recursive: true })
await run('mount', ['--bind', tiny, `${stateDir}/images/tiny`])

const open = () =>
  xenHypervisor({
    uri: 'xen:///system',
    stateDir,
    images: {
      open: ({ node }, { fallback = '' } = {}) => openLocal(`${stateDir}/images`, node.image || fallback, node.id),
      release: async () => {},
    },
    types: guestTypes.filter((type) => types.length === 0 || types.includes(type)),
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

await hypervisorContract(t, {
  open,
  stop: async (domain) => void (await virsh('destroy', domain)),
  // Each ends the guest under the command, which has no answer then.
  ends: [
    { how: 'stopped', end: inside('poweroff') },
    { how: 'crashed', end: inside('echo c >/proc/sysrq-trigger') },
    { how: 'rebooted', end: inside('reboot') },
  ],
  traces: async () => [
    ...(await virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '' && name !== 'Domain-0'),
    ...(await readdir(`${stateDir}/machines/xen`).catch(() => [])),
    ...(await readdir(channels).catch(() => [])),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  runs: true,
  memoryBytes: 128 * 1024 * 1024,
  firstSlot: 32_768,
})
