/** The contract over virtual machines, in a virtual host: started by qemu/test/qemu.root.test.ts. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { openLocal } from '../../../images/local.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import { qemuHypervisor } from '../../qemu/qemu.ts'
import { hypervisorContract } from '../contract.ts'

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
    accelerationProblem: async () => '',
    log: createLog('warn'),
  })

t.setTimeout(900_000)

await hypervisorContract(t, {
  open,
  stop: async (domain) => void (await virsh('destroy', domain)),
  traces: async () => [
    ...(await virsh('list', '--all', '--name')).split('\n').filter(Boolean),
    ...(await readdir(`${stateDir}/machines/qemu`).catch(() => [])),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  runs: true,
  memoryBytes: 128 * 1024 * 1024,
})
