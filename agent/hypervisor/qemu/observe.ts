/** What only the disk tells of a virtual machine: whether it is whole, and what it was configured with. */
import type { NodeEnd } from '../driver.ts'
import type { NodeDirectories } from '../libvirt/directories.ts'
import { endOf } from '../libvirt/ended.ts'
import type { Details } from '../libvirt/observe.ts'
import { configurationOf, readReleased } from '../libvirt/released.ts'

/** It was configured since the host booted, and not since it was started. */
const cameBack: NodeEnd = { how: 'rebooted', reason: 'it rebooted' }

export const machineDetails =
  (directories: NodeDirectories, bootId: Promise<string>): Details =>
  async ({ domain, mark: { vnet, node, digest } }, running) => {
    const directory = directories.of(vnet, node)
    const [released, isWhole] = await Promise.all([readReleased(directory), directories.has(vnet, node)])
    const configuration = configurationOf(released, await bootId, running ? domain.id : -1)
    return {
      configuration,
      // Without its directory a domain cannot start again.
      digest: isWhole ? digest : '',
      // Its taps outlive it: nobody is behind them.
      ...(running ? {} : { vifs: [] }),
      ...(running || configuration === '' ? {} : { ended: endOf(domain) }),
      ...(running && released?.bootId === (await bootId) && configuration === '' ? { ended: cameBack } : {}),
    }
  }
