/** Archives written by hand, so that they can be as wrong as no tar(1) would write them. */

export interface Entry {
  readonly path: string
  /** As in the header: '0' file, '1' hard link, '2' symbolic link, '3' device, '5' directory, 'x' pax, 'L' GNU's long name. */
  readonly type?: string
  readonly target?: string
  readonly content?: string | Buffer
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** In the header, where it is not that of the content. */
  readonly size?: number
}

const field = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`

const headerOf = (entry: Entry, size: number): Buffer => {
  const { path, type = '0', target = '', mode = 0o644, uid = 0, gid = 0 } = entry
  const header = Buffer.alloc(512)
  header.write(path, 0, 100)
  header.write(field(mode, 8), 100)
  header.write(field(uid, 8), 108)
  header.write(field(gid, 8), 116)
  header.write(field(size, 12), 124)
  header.write(field(1_700_000_000, 12), 136)
  header.write(' '.repeat(8), 148)
  header.write(type, 156)
  header.write(target, 157, 100)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

export const archive = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const content = Buffer.from(entry.content ?? '')
      const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
      return [headerOf(entry, entry.size ?? content.length), content, padding]
    }),
    Buffer.alloc(1024),
  ])
