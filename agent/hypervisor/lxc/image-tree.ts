/**
 * A container's root file system of an image whose files belong to mapped ids: all of it is the guest's. Its programs are mounted over the
 * node's tree read-only, as those of any image (root-tree.ts); the rest is the node's own copy, which it may change.
 */
import { execFile } from 'node:child_process'
import { chmod, lchown, lstat, mkdir, readdir, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { firstMappedId } from './ids.ts'
import { controlInside } from './init.ts'
import { makeInside, writeInside } from './inside.ts'
import { hostsFile, programs, treeDirectories } from './root-tree.ts'

const run = promisify(execFile)

/** What a running system has there is its own. */
const notCopied = new Set(['dev', 'proc', 'sys', 'run', 'tmp', ...controlInside.split('/').slice(1, 2)])
/** A loaded disk may take its time. */
const copyTimeoutMs = 600_000

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** With owners, modes, links and attributes; by reference where the file system can. Throws ENOSPC as the file system says it. */
const copy = async (names: readonly string[], from: string, to: string): Promise<void> => {
  if (names.length === 0) return
  const paths = names.map((name) => join(from, name))
  const argv = ['--archive', '--reflink=auto', '--target-directory', to, '--', ...paths]
  try {
    await run('cp', argv, { timeout: copyTimeoutMs, env: { ...process.env, LC_ALL: 'C' } })
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    const words = stderr.trim().split('\n')[0] || message
    const isFull = /No space left on device|Disk quota exceeded/.test(stderr)
    throw Object.assign(new Error(`the image cannot be copied: ${words}`), { code: isFull ? 'ENOSPC' : 'EIO' })
  }
}

/** Makes the tree in a directory that is empty. A link of the image is followed as the guest would follow it, never out of the tree. */
export const makeImageTree = async (root: string, image: string, id: string): Promise<void> => {
  await mkdir(root, { recursive: true })
  await lchown(root, firstMappedId, firstMappedId)
  const entries = await readdir(image, { withFileTypes: true })
  const isMounted = (name: string): boolean =>
    programs.includes(name) && entries.some((entry) => entry.name === name && entry.isDirectory())
  const copied = entries.map(({ name }) => name).filter((name) => !notCopied.has(name) && !isMounted(name))
  await copy(copied, image, root)
  for (const name of programs) if (isMounted(name)) await makeInside(root, name, firstMappedId)
  for (const [name, mode] of treeDirectories) {
    const parent = await makeInside(root, dirname(name), firstMappedId)
    if (await isThere(join(root, ...parent, basename(name)))) continue
    const made = await makeInside(root, name, firstMappedId)
    await chmod(join(root, ...made), mode)
  }
  const mtab = join(root, ...(await makeInside(root, 'etc', firstMappedId)), 'mtab')
  if (!(await isThere(mtab))) await symlink('/proc/self/mounts', mtab)
  await writeInside(root, { path: '/etc/hostname', content: `${id}\n`, mode: 0o644 }, firstMappedId)
  await writeInside(root, { path: '/etc/hosts', content: hostsFile(id), mode: 0o644 }, firstMappedId)
}
