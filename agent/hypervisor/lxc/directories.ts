/** Where nodes live on disk: STATE/nodes/{vnet}/{node}/root and …/control. */
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { serial } from '../../state/serial.ts'

export interface NodeDirectory {
  readonly root: string
  readonly control: string
}

export interface NodeDirectories {
  of(vnet: string, node: string): NodeDirectory
  list(): Promise<readonly { readonly vnet: string; readonly node: string }[]>
  has(vnet: string, node: string): Promise<boolean>
  /** Empty ones, in place of what may be there. */
  make(vnet: string, node: string): Promise<NodeDirectory>
  /** Idempotent. */
  remove(vnet: string, node: string): Promise<void>
}

const names = async (directory: string): Promise<readonly string[]> => {
  try {
    return await readdir(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

export const nodeDirectories = (stateDir: string): NodeDirectories => {
  const top = join(stateDir, 'nodes')
  const vnetOf = (vnet: string): string => join(top, vnet)
  const nodeOf = (vnet: string, node: string): string => join(top, vnet, node)
  const of = (vnet: string, node: string): NodeDirectory => ({
    root: join(nodeOf(vnet, node), 'root'),
    control: join(nodeOf(vnet, node), 'control'),
  })
  // A VNet's directory goes with its last node: not while another is just being made in it.
  const oneAtATime = serial()

  const remove = async (vnet: string, node: string): Promise<void> => {
    await rm(nodeOf(vnet, node), { recursive: true, force: true })
    await oneAtATime(async () => {
      await rmdir(vnetOf(vnet)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error
      })
    })
  }

  return {
    of,
    list: async () => {
      const vnets = await names(top)
      const nodes = await Promise.all(vnets.map((vnet) => names(vnetOf(vnet))))
      return vnets.flatMap((vnet, i) => (nodes[i] ?? []).map((node) => ({ vnet, node })))
    },
    has: (vnet, node) =>
      lstat(nodeOf(vnet, node)).then(
        () => true,
        () => false,
      ),
    make: async (vnet, node) => {
      await rm(nodeOf(vnet, node), { recursive: true, force: true })
      const directory = of(vnet, node)
      // Mapped users walk through to what is theirs; what is below is for whoever it belongs to.
      await oneAtATime(() => mkdir(directory.root, { recursive: true, mode: 0o755 }))
      await mkdir(directory.control, { mode: 0o755 })
      return directory
    },
    remove,
  }
}
