/**
 * Paths inside a directory tree that belongs to a guest: followed as the guest's own root would follow them, so that no symbolic link of the
 * guest leads the agent out of the tree. Only for guests that do not run: nothing may change under the walk.
 */

import { constants } from 'node:fs'
import { lchown, lstat, mkdir, open, readlink, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'

/** As the kernel's limit (path_resolution(7)). */
const mostLinks = 40

const kindOf = async (path: string): Promise<'none' | 'link' | 'directory' | 'other'> => {
  try {
    const stats = await lstat(path)
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'other'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none'
    throw error
  }
}

/**
 * Real directories of `path` inside `root`, as names below it; missing ones are made with `owner`. Throws slice.invalid where a part is
 * a file or links run in circles.
 */
export const makeInside = async (root: string, path: string, owner: number): Promise<readonly string[]> => {
  const pending = path.split('/').filter((name) => name !== '' && name !== '.')
  const done: string[] = []
  let links = 0
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '..') {
      done.pop()
      continue
    }
    const here = join(root, ...done, name)
    const kind = await kindOf(here)
    if (kind === 'link') {
      if (++links > mostLinks) throw new WeftError('slice.invalid', `${path} has symbolic links that run in circles`)
      const target = await readlink(here)
      if (target.startsWith('/')) done.length = 0
      pending.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'))
      continue
    }
    if (kind === 'other') throw new WeftError('slice.invalid', `${path}: ${name} is no directory`)
    if (kind === 'none') {
      await mkdir(here, { mode: 0o755 })
      await lchown(here, owner, owner)
    }
    done.push(name)
  }
  return done
}

export interface InsideFile {
  /** Absolute, as the guest sees it. */
  readonly path: string
  readonly content: string | Uint8Array
  readonly mode: number
}

/** Writes one file, in place of what may be there; a link there is replaced, not followed. Throws slice.invalid. */
export const writeInside = async (
  root: string,
  { path, content, mode }: InsideFile,
  owner: number,
  isHidden: (path: string) => boolean = () => false,
): Promise<void> => {
  const parent = await makeInside(root, path.slice(0, path.lastIndexOf('/')), owner)
  const file = `/${[...parent, basename(path)].join('/')}`
  if (isHidden(file)) {
    throw new WeftError('slice.invalid', `${path} lies below a directory that is read-only in the node`)
  }
  const outside = join(root, file)
  if ((await kindOf(outside)) === 'directory')
    throw new WeftError('slice.invalid', `${path} is a directory in the node`)
  await rm(outside, { force: true })
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const handle = await open(outside, flags, 0o600)
  try {
    await handle.writeFile(content)
    await handle.chown(owner, owner)
    // After chown(2), which clears the set-id bits.
    await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}
