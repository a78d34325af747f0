/**
 * A container's root file system: a small tree of its own, owned by its mapped ids, with the image's programs mounted over it
 * read-only. The image `host` is the host itself: what is installed there runs unmodified in the node and takes no disk.
 */
import { chmod, lchown, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { TreeImage } from '../../images/image.ts'
import type { Mount } from './domain-xml.ts'
import { firstMappedId } from './ids.ts'
import { controlInside } from './init.ts'
import { makeInside, writeInside } from './inside.ts'

/** Directories of /etc that belong to the programs rather than to the node: mounted with them, not copied. */
const shared = ['etc/alternatives', 'etc/pam.d', 'etc/security']

/** Directories of the tree and their modes. The file hierarchy standard (hier(7)), without what images bring. */
export const treeDirectories: readonly (readonly [string, number])[] = [
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['mnt', 0o755],
  ['opt', 0o755],
  ['proc', 0o755],
  ['root', 0o700],
  ['run', 0o755],
  ['srv', 0o755],
  ['sys', 0o755],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/cache', 0o755],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/spool', 0o755],
  ['var/tmp', 0o1777],
  [controlInside.slice(1), 0o755],
]

const links: readonly (readonly [string, string])[] = [
  ['var/run', '/run'],
  ['var/lock', '/run/lock'],
  ['etc/mtab', '/proc/self/mounts'],
]

/** Top directories of an image that hold its programs; a symbolic link (bin → usr/bin) is copied, a directory mounted. */
export const programs: readonly string[] = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']
/** What programs expect in /etc; copied, so that the node may change it. Directories with their files. */
const settings = [
  'bash.bashrc',
  'debian_version',
  'environment',
  'ethertypes',
  'gai.conf',
  'host.conf',
  'inputrc',
  'iproute2',
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'login.defs',
  'networks',
  'nsswitch.conf',
  'os-release',
  'pam.conf',
  'profile',
  'protocols',
  'rpc',
  'services',
  'shells',
  'timezone',
]

const kindOf = async (path: string): Promise<'none' | 'link' | 'directory' | 'file'> => {
  const stats = await lstat(path).catch(() => undefined)
  return !stats ? 'none' : stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file'
}

/**
 * The image's directories that are mounted read-only over the tree. Of an image whose files are the guest's own (image-tree.ts) its settings are the
 * node's.
 */
export const imageMounts = async ({
  root,
  isMapped,
}: Pick<TreeImage, 'root' | 'isMapped'>): Promise<readonly Mount[]> => {
  const mounts: Mount[] = []
  for (const name of isMapped ? programs : [...programs, ...shared]) {
    if ((await kindOf(join(root, name))) === 'directory') mounts.push({ source: join(root, name), target: `/${name}` })
  }
  return mounts
}

/** System users alone: who has an account on the host is none of a tenant's business. passwd(5), group(5) */
export const systemEntries = (text: string): string =>
  text
    .split('\n')
    .filter((line) => {
      const id = Number(line.split(':')[2])
      return line.includes(':') && (id < 1000 || id === 65_534)
    })
    .map((line) => `${line}\n`)
    .join('')

/** Of an image that has none. */
const rootAccount = { passwd: 'root:x:0:0:root:/root:/bin/sh\n', group: 'root:x:0:\n' }

const own = (path: string): Promise<void> => lchown(path, firstMappedId, firstMappedId)

const writeOwned = async (path: string, content: string | Uint8Array): Promise<void> => {
  await rm(path, { force: true, recursive: true })
  await writeFile(path, content, { mode: 0o644, flag: 'wx' })
  await own(path)
}

const linkOwned = async (path: string, target: string): Promise<void> => {
  await rm(path, { force: true, recursive: true })
  await symlink(target, path)
  await own(path)
}

const copySetting = async (from: string, to: string): Promise<void> => {
  const kind = await kindOf(from)
  if (kind === 'link') await linkOwned(to, await readlink(from))
  else if (kind === 'file') await writeOwned(to, await readFile(from))
  else if (kind === 'directory') {
    await mkdir(to, { recursive: true })
    await own(to)
    const names = await readdir(from)
    await Promise.all(names.map((name) => copySetting(join(from, name), join(to, name))))
  }
}

export const hostsFile = (id: string): string =>
  `127.0.0.1 localhost\n127.0.1.1 ${id}\n::1 localhost ip6-localhost ip6-loopback\n`

/** Makes the tree where there is none yet. Nothing of it is followed: it is made in a directory that is empty. */
export const makeRootTree = async (root: string, image: string, id: string): Promise<void> => {
  await mkdir(root, { recursive: true })
  await own(root)
  for (const [name, mode] of [...treeDirectories, ...shared.map((name) => [name, 0o755] as const)]) {
    await mkdir(join(root, name), { recursive: true })
    await own(join(root, name))
    await chmod(join(root, name), mode)
  }
  const mountPoints = programs.map(async (name) => {
    const kind = await kindOf(join(image, name))
    if (kind === 'link') await linkOwned(join(root, name), await readlink(join(image, name)))
    else if (kind === 'directory') {
      await mkdir(join(root, name), { recursive: true })
      await own(join(root, name))
    }
  })
  const etc = (name: string): string => join(image, 'etc', name)
  const accounts = Object.entries(rootAccount).map(async ([name, root0]) => {
    const text = await readFile(etc(name), 'utf8').catch(() => root0)
    await writeOwned(join(root, 'etc', name), systemEntries(text))
  })
  await Promise.all([
    ...mountPoints,
    ...accounts,
    ...links.map(([path, target]) => linkOwned(join(root, path), target)),
    ...settings.map((name) => copySetting(etc(name), join(root, 'etc', name))),
    writeOwned(join(root, 'etc/hostname'), `${id}\n`),
    writeOwned(join(root, 'etc/hosts'), hostsFile(id)),
  ])
}

/**
 * Before each start: what a reboot would clear is cleared, and the request's files are written. The guest must not run. Throws
 * slice.invalid where a file cannot be where it shall.
 */
export const prepareRootTree = async (root: string, node: SliceNode, mounts: readonly Mount[]): Promise<void> => {
  for (const name of ['run', 'tmp']) {
    const directory = join(root, name)
    // A guest may have put anything in their place.
    if ((await kindOf(directory)) !== 'directory') continue
    const entries = await readdir(directory)
    await Promise.all(entries.map((entry) => rm(join(directory, entry), { recursive: true, force: true })))
  }
  const lock = await makeInside(root, '/run/lock', firstMappedId)
  await chmod(join(root, ...lock), 0o1777)
  const hidden = ['/dev', '/proc', '/sys', controlInside, ...mounts.map(({ target }) => target)]
  const isHidden = (path: string): boolean => hidden.some((target) => path === target || path.startsWith(`${target}/`))
  for (const { path, content, mode } of node.startUp?.files ?? []) {
    await writeInside(root, { path, content, mode: mode || 0o644 }, firstMappedId, isHidden)
  }
}
