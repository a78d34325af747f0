/** Archives in the format `newc`, of which an initramfs is made (cpio(5); the kernel's driver-api/early-userspace/buffer-format). */

export interface ArchiveEntry {
  /** Without a slash in front; its directory comes before it. */
  readonly path: string
  /** File type and permissions, as stat(2) has them in st_mode. */
  readonly mode: number
  /** Content of a file, target of a symbolic link; empty for a directory. */
  readonly data: Uint8Array
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

export const directoryEntry = (path: string): ArchiveEntry => ({ path, mode: 0o040755, data: bytesOf('') })

export const fileEntry = (path: string, data: Uint8Array | string, permissions = 0o644): ArchiveEntry => ({
  path,
  mode: 0o100000 | permissions,
  data: typeof data === 'string' ? bytesOf(data) : data,
})

export const linkEntry = (path: string, target: string): ArchiveEntry => ({
  path,
  mode: 0o120777,
  data: bytesOf(target),
})

const hex = (number: number): string => number.toString(16).toUpperCase().padStart(8, '0')

/** Headers with their names, and contents, each fill up words of four bytes. */
const padded = (bytes: Buffer): readonly Buffer[] => [bytes, Buffer.alloc(-bytes.length & 3)]

const record = ({ path, mode, data }: ArchiveEntry, inode: number): readonly Buffer[] => {
  const name = Buffer.from(`${path}\0`)
  // ino, mode, uid, gid, nlink, mtime, filesize, device (major, minor), device of a special file (major, minor), namesize, check.
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map(hex).join('')}`)
  return [...padded(Buffer.concat([header, name])), ...padded(Buffer.from(data))]
}

/** All owned by root, of no date. */
export const writeArchive = (entries: readonly ArchiveEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry, position) => record(entry, position + 1)),
    ...record({ path: 'TRAILER!!!', mode: 0, data: bytesOf('') }, 0),
  ])
