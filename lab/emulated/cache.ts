/** What is prepared once and kept in the user's cache until the directory is deleted. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The version is that of a layout: another one is prepared anew. */
export const cacheDirectory = (name: string, version: string): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), `weft-${name}`, version)

/**
 * Prepares `cache` where the file `proof` is not in it: `prepare` gets an empty directory to work in, and makes `ready` in it, which becomes
 * `cache` at once. Two processes may prepare at the same time. A failure leaves nothing.
 */
export const prepareOnce = async (
  cache: string,
  proof: string,
  prepare: (work: string) => Promise<void>,
): Promise<void> => {
  if (existsSync(join(cache, proof))) return
  mkdirSync(dirname(cache), { recursive: true })
  const work = mkdtempSync(join(dirname(cache), '.prepare-'))
  try {
    await prepare(work)
    // A directory that another process has put there meanwhile is as good as ours: rename(2) refuses to replace it.
    if (!existsSync(join(cache, proof))) renameSync(join(work, 'ready'), cache)
  } catch (error) {
    if (!existsSync(join(cache, proof))) throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
