/**
 * The file that lets a container's start-up command run, and says what its interfaces were configured with: boot of the host, id of the
 * domain, digest. Another boot or another start of the domain and it counts no more.
 */
import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { controlFiles } from './init.ts'

export interface Released {
  readonly bootId: string
  /** libvirt's, which is a new one at each start. */
  readonly domainId: number
  readonly configuration: string
}

const fileOf = (control: string): string => join(control, controlFiles.released)

export const readReleased = async (control: string): Promise<Released | undefined> => {
  const text = await readFile(fileOf(control), 'utf8').catch(() => '')
  const [bootId, domainId, configuration] = text.trim().split(' ')
  return bootId && configuration ? { bootId, domainId: Number(domainId), configuration } : undefined
}

export const writeReleased = async (control: string, released: Released): Promise<void> => {
  const { bootId, domainId, configuration } = released
  const unfinished = `${fileOf(control)}.new`
  await writeFile(unfinished, `${bootId} ${domainId} ${configuration}\n`, { mode: 0o644 })
  await rename(unfinished, fileOf(control))
}

/** Idempotent. */
export const withdrawReleased = async (control: string): Promise<void> => {
  await unlink(fileOf(control)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** What a node was configured with: since the host booted and, where it runs, since it was started. */
export const configurationOf = (released: Released | undefined, bootId: string, domainId: number): string => {
  if (released?.bootId !== bootId) return ''
  return domainId < 0 || released.domainId === domainId ? released.configuration : ''
}
