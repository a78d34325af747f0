/**
 * Where the nodes of one hypervisor live on disk: TOP/{vnet}/{node}. A node's directory is made before its domain is defined and removed
 * after it is undefined: what is half there is always found.
 */
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { serial } from '../../state/serial.ts'

/** A node that has a directory. */
export interface KeptNode {
  readonly vnet: string
  readonly node: string
}

export interface NodeDirectories {
  of(vnet: string, node: string): string
  list(): Promise<readonly KeptNode[]>
  has(vnet: string, node: string): Promise<boolean>
  /** An empty one, in place of what may be there. */
  make(vnet: string, node: string): Promise<string>
  /** All at once: what is open in it, or mounted from it, stays so. Throws where the other has a directory that is not empty. */
  move(from: KeptNode, to: KeptNode): Promise<void>
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

export const nodeDirectories = (top: string): NodeDirectories => {
  const vnetOf = (vnet: string): string => join(top, vnet)
  const of = (vnet: string, node: string): string => join(top, vnet, node)
  // A VNet's directory goes with its last node: not while another is just being made in it.
  const oneAtATime = serial()

  const removeVNet = async (vnet: string): Promise<void> => {
    await rmdir(vnetOf(vnet)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error
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
      lstat(of(vnet, node)).then(
        () => true,
        () => false,
      ),
    make: async (vnet, node) => {
      await rm(of(vnet, node), { recursive: true, force: true })
      // A container's mapped users walk through to what is theirs; what is below is for whoever it belongs to.
      await oneAtATime(() => mkdir(of(vnet, node), { recursive: true, mode: 0o755 }))
      return of(vnet, node)
    },
    move: (from, to) =>
      oneAtATime(async () => {
        await mkdir(vnetOf(to.vnet), { recursive: true, mode: 0o755 })
        await rename(of(from.vnet, from.node), of(to.vnet, to.node))
        await removeVNet(from.vnet)
      }),
    remove: async (vnet, node) => {
      await rm(of(vnet, node), { recursive: true, force: true })
      await oneAtATime(() => removeVNet(vnet))
    },
  }
}
