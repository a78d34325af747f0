/**
 * Unpacks an archive that is not trusted: nothing is written outside of the directory, whatever names and links say. Parents of a member are looked at
 * one by one, and none may be a link: sound, since nobody else writes to the directory meanwhile.
 */
import { constants } from 'node:fs'
import { chmod, lchown, link, lstat, mkdir, open, rm, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { type Member, readTar } from './read.ts'

export interface UnpackOptions {
  /** Empty; of no one else. */
  readonly directory: string
  /** Where ids are mapped: what id 0 becomes, and how many ids there are. The owner stays who unpacks without it. */
  readonly ids?: { readonly first: number; readonly count: number } | undefined
  /** Of all files together. */
  readonly mostBytes: number
  readonly mostMembers?: number
  /** Whether a member is wanted at all, by its path without leading slash. */
  readonly wants?: (path: string) => boolean
  readonly signal?: AbortSignal | undefined
}

const defaultMostMembers = 2_000_000

const refuse = (member: Member, why: string): never => {
  throw new WeftError('image.invalid', `the archive's member ${JSON.stringify(member.path)} ${why}`)
}

/** Names below the directory; [] is the directory itself. */
const partsOf = (member: Member, path: string, what: string): readonly string[] => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return refuse(member, `${what} leaves the image`)
  if (path.includes('\0')) return refuse(member, `${what} has a zero byte`)
  return parts
}

const kindOf = async (path: string): Promise<'none' | 'directory' | 'other'> => {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none'
    throw error
  }
}

/** Bytes that were written. Throws image.invalid, and what the file system throws. */
export const unpackTar = async (source: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<number> => {
  const { directory, ids, mostBytes, mostMembers = defaultMostMembers, wants = () => true, signal } = options
  /** Paths of directories that are known to be some: those made here. Whatever takes the place of one takes its name out. */
  const known = new Set([directory])
  let bytes = 0
  let members = 0

  const own = async (path: string, { uid, gid }: Pick<Member, 'uid' | 'gid'>): Promise<void> => {
    if (!ids) return
    // 65534 is nobody: an id that the guest does not have is nobody's there.
    const mapped = (id: number): number => ids.first + (id < ids.count ? id : 65_534)
    await lchown(path, mapped(uid), mapped(gid))
  }

  const makeParents = async (member: Member, parts: readonly string[]): Promise<void> => {
    let at = directory
    for (const part of parts.slice(0, -1)) {
      at = join(at, part)
      if (known.has(at)) continue
      const kind = await kindOf(at)
      if (kind === 'other') refuse(member, 'lies below something that is no directory')
      if (kind === 'none') {
        await mkdir(at, { mode: 0o755 })
        await own(at, { uid: 0, gid: 0 })
      }
      known.add(at)
    }
  }

  /** A later member of the same name takes the place of an earlier one; a directory stays one. */
  const clear = async (member: Member, path: string): Promise<void> => {
    const kind = await kindOf(path)
    if (kind === 'directory') refuse(member, 'takes the place of a directory')
    if (kind === 'other') await rm(path)
  }

  const writeFile = async (path: string, member: Member): Promise<void> => {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const file = await open(path, flags, 0o600)
    try {
      for await (const piece of member.content()) {
        bytes += piece.length
        if (bytes > mostBytes) refuse(member, `makes the image larger than ${mostBytes} bytes`)
        await file.writeFile(piece)
      }
    } finally {
      await file.close()
    }
  }

  const place = async (member: Member): Promise<void> => {
    const parts = partsOf(member, member.path, 'is a path that')
    const path = join(directory, ...parts)
    if (parts.length === 0) {
      if (member.type !== 'directory') refuse(member, 'is the image itself')
    } else if (!wants(parts.join('/'))) return
    // Devices are the hypervisor's to give; sockets and pipes are made by who uses them.
    if (member.type === 'other') return
    await makeParents(member, parts)
    switch (member.type) {
      case 'directory':
        if (parts.length > 0 && !known.has(path)) {
          const kind = await kindOf(path)
          if (kind === 'other') await rm(path)
          if (kind !== 'directory') await mkdir(path, { mode: 0o755 })
          known.add(path)
        }
        break
      case 'file':
        await clear(member, path)
        await writeFile(path, member)
        break
      case 'symbolic-link':
        await clear(member, path)
        if (member.target === '' || member.target.includes('\0')) refuse(member, 'links to nothing')
        // Nobody follows it here; in the guest it leads where the guest's root is.
        await symlink(member.target, path)
        return own(path, member)
      case 'hard-link': {
        const targetParts = partsOf(member, member.target, 'links to a path that')
        const target = join(directory, ...targetParts)
        if (targetParts.join('/') === parts.join('/')) refuse(member, 'links to itself')
        await makeParents(member, targetParts)
        if ((await kindOf(target)) !== 'other') refuse(member, 'links to no file of the image')
        await clear(member, path)
        await link(target, path)
        return
      }
    }
    await own(path, member)
    // After chown(2), which clears the set-id bits. Those of an image whose ids are not mapped would be the host's own.
    await chmod(path, ids ? member.mode : member.mode & 0o777)
    if (member.type === 'file') await utimes(path, member.modified, member.modified)
  }

  for await (const member of readTar(source)) {
    signal?.throwIfAborted()
    if (++members > mostMembers) refuse(member, `is one more than the ${mostMembers} that an image may have`)
    await place(member)
  }
  return bytes
}
