/**
 * Files that are whole or not there, also after a crash or a loss of power: written beside, synced, renamed, and the
 * directory synced (rename(2), fsync(2)).
 */
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { noSpace } from '../no-space.ts'

let writes = 0

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * What a loss of power leaves: `durable` the new content, `whole` the new or what was there before, `unsure` perhaps neither. Whatever it is,
 * processes see the one or the other, also where the writer is killed. Every sync is a write to the disk that is waited for.
 */
export type Durability = 'durable' | 'whole' | 'unsure'

/** Names that start with a dot are left for unfinished files. */
export const writeAtomic = async (
  path: string,
  content: Uint8Array | string,
  mode = 0o600,
  durability: Durability = 'durable',
): Promise<void> => {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unfinished = join(directory, `.${basename(path)}.${process.pid}.${++writes}`)
  try {
    const file = await open(unfinished, 'w', mode)
    try {
      await file.writeFile(content)
      if (durability !== 'unsure') await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await unlink(unfinished).catch(() => {})
    throw noSpace(`${basename(path)} cannot be written`, error)
  }
  if (durability === 'durable') await syncDirectory(directory)
}

/** Whether there was one. Idempotent. A loss of power may bring it back. */
export const removeIfThere = async (path: string): Promise<boolean> => {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Idempotent. Settles once the removal would survive a loss of power. */
export const removeDurably = async (path: string): Promise<void> => {
  if (await removeIfThere(path)) await syncDirectory(dirname(path))
}

/** undefined where there is no such file. */
export const readIfThere = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
