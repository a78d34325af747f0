/** Which node uses which fetched image: a file a node, so that it is known after a restart. */
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../state/atomic-file.ts'

export interface Uses {
  /** Settles once it would be known after a restart. */
  set(vnet: string, node: string, image: string): Promise<void>
  clear(vnet: string, node: string): Promise<void>
  /** Keys (cache.ts) of the images that are used. */
  images(): ReadonlySet<string>
  /** Keys, vnet/node, of the nodes that use any. */
  nodes(): readonly string[]
}

const names = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => [])

/** Files that cannot be read are nobody's use: the node that it was of asks again before it starts. */
export const openUses = async (directory: string): Promise<Uses> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const known = new Map<string, string>()
  for (const vnet of await names(directory)) {
    for (const node of await names(join(directory, vnet))) {
      const image = await readFile(join(directory, vnet, node), 'latin1').catch(() => '')
      if (image !== '' && !node.startsWith('.')) known.set(`${vnet}/${node}`, image)
      else await rm(join(directory, vnet, node), { force: true })
    }
  }
  return {
    set: async (vnet, node, image) => {
      const key = `${vnet}/${node}`
      if (known.get(key) === image) return
      // Said before it is written: nobody removes the image meanwhile.
      known.set(key, image)
      await writeAtomic(join(directory, vnet, node), image, 0o600, 'whole')
    },
    clear: async (vnet, node) => {
      if (!known.has(`${vnet}/${node}`)) return
      await rm(join(directory, vnet, node), { force: true })
      known.delete(`${vnet}/${node}`)
      // Not while it has others.
      await rmdir(join(directory, vnet)).catch(() => {})
    },
    images: () => new Set(known.values()),
    nodes: () => [...known.keys()],
  }
}
