/**
 * The file in a node's directory that says what its interfaces were configured with: boot of the host, id of the domain, digest. Another boot or
 * another start of the domain and it counts no more. A container sees it, and runs its start-up command then (lxc/init.ts).
 */
import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Released {
  readonly bootId: string
  /** libvirt's, which is a new one at each start. */
  readonly domainId: number
  readonly configuration: string
  /** Of which node, where whoever reads the file has to see that it has become another: VNET/NODE. */
  readonly of?: string
}

export const releasedFile = 'released'

const fileOf = (directory: string): string => join(directory, releasedFile)

export const readReleased = async (directory: string): Promise<Released | undefined> => {
  const text = await readFile(fileOf(directory), 'utf8').catch(() => '')
  const [bootId, domainId, configuration] = text.trim().split(' ')
  return bootId && configuration ? { bootId, domainId: Number(domainId), configuration } : undefined
}

export const writeReleased = async (directory: string, released: Released): Promise<void> => {
  const { bootId, domainId, configuration, of } = released
  const words = [bootId, domainId, configuration, ...(of === undefined ? [] : [of])]
  const unfinished = `${fileOf(directory)}.new`
  await writeFile(unfinished, `${words.join(' ')}\n`, { mode: 0o644 })
  await rename(unfinished, fileOf(directory))
}

/** Idempotent. */
export const withdrawReleased = async (directory: string): Promise<void> => {
  await unlink(fileOf(directory)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** What a node was configured with: since the host booted and, where it runs, since it was started. */
export const configurationOf = (released: Released | undefined, bootId: string, domainId: number): string => {
  if (released?.bootId !== bootId) return ''
  return domainId < 0 || released.domainId === domainId ? released.configuration : ''
}
