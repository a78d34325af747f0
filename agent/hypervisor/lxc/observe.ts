/** What only the disk and the kernel tell of a container: whether it is whole, what it was configured with, and where its network is. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeEnd } from '../driver.ts'
import type { NodeDirectories } from '../libvirt/directories.ts'
import type { Details } from '../libvirt/observe.ts'
import { configurationOf, readReleased } from '../libvirt/released.ts'
import { containerDirectory } from './directories.ts'
import { initOf } from './enter.ts'
import { controlFiles } from './init.ts'
import { containerEnd } from './said.ts'

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

/** Of a container's own processes: its controller is in that of the host. */
const namespaceOf = async (controller: number): Promise<string | undefined> => {
  const init = await initOf(controller)
  return init === undefined ? undefined : `/proc/${init}/ns/net`
}

/** It was configured since the host booted, and not since it was started: libvirt starts a container again by itself that called reboot(2). */
const cameBack: NodeEnd = { how: 'rebooted', reason: 'it rebooted' }

export const containerDetails =
  (directories: NodeDirectories, bootId: Promise<string>): Details =>
  async ({ domain, mark: { vnet, node, digest } }, running) => {
    const { control } = containerDirectory(directories.of(vnet, node))
    const [released, isWhole] = await Promise.all([readReleased(control), isThere(join(control, controlFiles.init))])
    const configuration = configurationOf(released, await bootId, running ? domain.id : -1)
    return {
      configuration,
      // Without its directory a domain cannot start again.
      digest: isWhole ? digest : '',
      ...(running ? { networkNamespace: () => namespaceOf(domain.id) } : {}),
      ...(running || configuration === '' ? {} : { ended: await containerEnd(control, domain) }),
      ...(running && released?.bootId === (await bootId) && configuration === '' ? { ended: cameBack } : {}),
    }
  }
