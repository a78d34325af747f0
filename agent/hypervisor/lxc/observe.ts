/** What only the disk and the kernel tell of a container: whether it is whole, what it was configured with, and where its network is. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeEnd } from '../driver.ts'
import type { LibvirtNodes } from '../libvirt/nodes.ts'
import type { Details } from '../libvirt/observe.ts'
import { configurationOf, readReleased } from '../libvirt/released.ts'
import { isUntold } from '../libvirt/taken.ts'
import { vifName } from '../vifs.ts'
import { containerDirectory } from './directories.ts'
import { initOf } from './enter.ts'
import { controlFiles } from './init.ts'
import type { IsLost } from './lost.ts'
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
  (
    { directories, taken }: Pick<LibvirtNodes, 'directories' | 'taken'>,
    bootId: Promise<string>,
    isLost: IsLost,
  ): Details =>
  async ({ domain, mark: { vnet, node, digest, slot, interfaces } }, saidToRun, vifs) => {
    const { control } = containerDirectory(directories.of(vnet, node))
    const running = saidToRun && !(await isLost(domain))
    // Its interfaces go with its process 1, before libvirt knows that it has ended: that will be told, and is no loss of interfaces.
    const isEnding = running && vifs.length < interfaces.length && (await initOf(domain.id)) === undefined
    const [released, isWhole] = await Promise.all([readReleased(control), isThere(join(control, controlFiles.init))])
    const isLate = running && isUntold(await taken.of(vnet, node), await bootId, domain.id)
    const configuration = isLate ? '' : configurationOf(released, await bootId, running ? domain.id : -1)
    return {
      running,
      configuration,
      // Without its directory a domain cannot start again.
      digest: isWhole ? digest : '',
      ...(isEnding ? { vifs: interfaces.map((index) => ({ index, name: vifName(slot, index) })) } : {}),
      ...(running ? { networkNamespace: () => namespaceOf(domain.id) } : {}),
      ...(running || configuration === '' ? {} : { ended: await containerEnd(control, domain) }),
      ...(running && !isLate && released?.bootId === (await bootId) && configuration === '' ? { ended: cameBack } : {}),
    }
  }
