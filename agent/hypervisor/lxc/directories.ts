/** What a container's directory holds. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeDirectories } from '../libvirt/directories.ts'

export interface ContainerDirectory {
  /** Its root file system. */
  readonly root: string
  /** What the agent tells its process 1 (init.ts). */
  readonly control: string
}

export const containerDirectory = (directory: string): ContainerDirectory => ({
  root: join(directory, 'root'),
  control: join(directory, 'control'),
})

/** Empty, in place of what may be there. */
export const makeContainerDirectory = async (
  directories: NodeDirectories,
  vnet: string,
  node: string,
): Promise<void> => {
  const { root, control } = containerDirectory(await directories.make(vnet, node))
  await mkdir(root, { mode: 0o755 })
  await mkdir(control, { mode: 0o755 })
}
