/** The contract over containers, in a virtual host: started by lxc/test/lxc.root.test.ts. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import { lxcHypervisor } from '../../lxc/lxc.ts'
import { hypervisorContract } from '../contract.ts'

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'lxc:///system', ...words])).stdout
const stateDir = '/var/lib/weft'

await hypervisorContract(t, {
  open: () =>
    lxcHypervisor({
      uri: 'lxc:///system',
      stateDir,
      imagesDirectory: `${stateDir}/images`,
      parallel: 4,
      log: createLog('warn'),
    }),
  stop: async (domain) => void (await virsh('destroy', domain)),
  traces: async () => [
    ...(await virsh('list', '--all', '--name')).split('\n').filter(Boolean),
    ...(await readdir(`${stateDir}/nodes`).catch(() => [])),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  runs: true,
})
