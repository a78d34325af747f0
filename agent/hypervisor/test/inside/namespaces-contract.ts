/** The contract over fake nodes with namespaces, in a host of its own: started by fake/test/namespaces.root.test.ts. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { interfaceNames } from '../../../interfaces.ts'
import { fakeNamespaces } from '../../fake/namespaces.ts'
import { batchedNamespaces } from '../../fake/network-namespaces.ts'
import { hypervisorContract } from '../contract.ts'

const names = (directory: string): Promise<string[]> => readdir(directory).catch(() => [])

const stateDir = await mkdtemp(join(tmpdir(), 'weft-fake-'))
t.teardown(() => rm(stateDir, { recursive: true }))
const before = new Set(await names('/run/netns'))

await hypervisorContract(t, {
  open: () => fakeNamespaces({ stateDir }),
  stop: (domain) => batchedNamespaces().delete(domain),
  traces: async () => [
    ...(await names(join(stateDir, 'fake'))),
    ...(await names('/run/netns')).filter((name) => !before.has(name)),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  losesVifs: true,
  runs: true,
})
