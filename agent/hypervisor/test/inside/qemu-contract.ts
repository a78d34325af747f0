/** The contract over virtual machines, in a virtual host: started by qemu/test/qemu.root.test.ts. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { openLocal } from '../../../images/local.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import { qemuHypervisor } from '../../qemu/qemu.ts'
import { hypervisorContract, type Subject } from '../contract.ts'

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'qemu:///system', ...words])).stdout
const stateDir = '/var/lib/weft'

const open = () =>
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
  ],
  traces: async () => [
    ...(await virsh('list', '--all', '--name')).split('\n').filter(Boolean),
    ...(await readdir(`${stateDir}/machines/qemu`).catch(() => [])),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  runs: true,
  memoryBytes: 128 * 1024 * 1024,
})
