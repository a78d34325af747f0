/**
 * Members of a tar archive as they stream by: POSIX ustar and pax, and GNU's long names. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html,
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
import { WeftError } from '../../../proto/errors.ts'

export type MemberType = 'file' | 'directory' | 'symbolic-link' | 'hard-link' | 'other'

export interface Member {
  /** As the archive has it: not to be trusted. */
  readonly path: string
  readonly type: MemberType
  /** Target of a link, as the archive has it. */
  readonly target: string
  /** Permission bits with set-id and sticky bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the Unix epoch. */
  readonly modified: number
  /** Bytes of content. */
  readonly size: number
  /** Has to be read to its end, or not at all, before the next member is asked for. */
  readonly content: () => AsyncGenerator<Buffer>
}

const blockBytes = 512
/** Of names and pax records, which are held in memory. */
const mostMetaBytes = 1 << 20

const invalid = (message: string): never => {
  throw new WeftError('image.invalid', `the archive is no tar: ${message}`)
}

/** A stream of chunks of any size, read in pieces of the sizes asked for. */
const pieces = (source: AsyncIterable<Uint8Array>) => {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  /** Some bytes, `most` at most; undefined at the end. */
  const some = async (most: number): Promise<Buffer | undefined> => {
    while (rest.length === 0) {
      const { value, done } = await chunks.next()
      if (done) return undefined
      rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    const piece = rest.subarray(0, most)
    rest = rest.subarray(piece.length)
    return piece
  }
  const stream = async function* (bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      const piece = (await some(left)) ?? invalid('it ends within a member')
      left -= piece.length
      yield piece
    }
  }
  return {
    stream,
    /** Exactly so many; undefined at the end of the stream. */
    exactly: async (bytes: number): Promise<Buffer | undefined> => {
      const first = await some(bytes)
      if (first === undefined || first.length === bytes) return first
      const parts = [first]
      for await (const part of stream(bytes - first.length)) parts.push(part)
      return Buffer.concat(parts)
    },
  }
}

const text = (field: Buffer): string => {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

/** Octal digits, or, of GNU, a binary number behind a byte 0x80. */
const number = (field: Buffer): number => {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & 0x7f : byte), 0)
    return Number.isSafeInteger(value) ? value : invalid('a number is too large')
  }
  const digits = text(field).trim()
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : invalid('a number is none')
}

const hasChecksum = (header: Buffer): boolean => {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  return sum === number(header.subarray(148, 156))
}

/** Records of a pax header: "LENGTH KEY=VALUE\n", the length that of the whole record. */
export const parsePax = (records: Buffer): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at)
    const length = Number(records.toString('latin1', at, Math.max(at, space)))
    const equals = records.indexOf(0x3d, space)
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0 || equals < 0 || equals >= at + length)
      return invalid('a pax record is malformed')
    found.set(records.toString('utf8', space + 1, equals), records.toString('utf8', equals + 1, at + length - 1))
    at += length
  }
  return found
}

const types: Readonly<Record<string, MemberType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '5': 'directory',
}

interface Meta {
  readonly pax: Map<string, string>
  path?: string
  target?: string
}

/** The header of a member, with what came before it. */
const memberOf = (header: Buffer, { pax, path, target }: Meta): Omit<Member, 'content'> => {
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? text(header.subarray(345, 500)) : ''
  const name = text(header.subarray(0, 100))
  const numeric = (key: string, fallback: number): number => {
    const value = pax.get(key)
    if (value === undefined) return fallback
    return /^\d{1,15}(\.\d*)?$/.test(value) ? Math.floor(Number(value)) : invalid(`the pax record ${key} is no number`)
  }
  const type = String.fromCharCode(header[156] ?? 0)
  // GNU's sparse files come as type S, or as pax records: their content is not what it seems.
  if (type === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.')))
    return invalid('it has sparse files; pack it without --sparse')
  const whole = pax.get('path') ?? path ?? (prefix === '' ? name : `${prefix}/${name}`)
  // Archives older than POSIX have directories as files whose name ends in a slash.
  const kind = types[type] ?? 'other'
  return {
    path: whole,
    type: kind === 'file' && whole.endsWith('/') ? 'directory' : kind,
    target: pax.get('linkpath') ?? target ?? text(header.subarray(157, 257)),
    mode: number(header.subarray(100, 108)) & 0o7777,
    uid: numeric('uid', number(header.subarray(108, 116))),
    gid: numeric('gid', number(header.subarray(116, 124))),
    modified: numeric('mtime', number(header.subarray(136, 148))),
    size: numeric('size', number(header.subarray(124, 136))),
  }
}

/** Throws image.invalid where it is no tar or ends too early; errors of the source as they are. */
export const readTar = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const input = pieces(source)
  const meta = async (size: number): Promise<Buffer> => {
    if (size > mostMetaBytes) return invalid('a name is too long')
    const padded = (await input.exactly(Math.ceil(size / blockBytes) * blockBytes)) ?? Buffer.alloc(0)
    return padded.length < size ? invalid('it ends within a name') : padded.subarray(0, size)
  }
  const globals = new Map<string, string>()
  let next: Meta = { pax: new Map() }
  let isEmpty = true
  for (;;) {
    const header = await input.exactly(blockBytes)
    if (header === undefined) {
      if (isEmpty) invalid('it is empty')
      return
    }
    // Blocks of zeros end it; what follows is padding, which is read so that whoever sends it comes to his end.
    if (header.every((byte) => byte === 0)) {
      while ((await input.exactly(blockBytes)) !== undefined);
      return
    }
    if (!hasChecksum(header)) invalid('the checksum of a header is wrong')
    isEmpty = false
    const type = String.fromCharCode(header[156] ?? 0)
    const size = number(header.subarray(124, 136))
    if (type === 'L') next.path = text(await meta(size))
    else if (type === 'K') next.target = text(await meta(size))
    else if (type === 'x') for (const [key, value] of parsePax(await meta(size))) next.pax.set(key, value)
    else if (type === 'g') for (const [key, value] of parsePax(await meta(size))) globals.set(key, value)
    else {
      const member = memberOf(header, { ...next, pax: new Map([...globals, ...next.pax]) })
      next = { pax: new Map() }
      // Links and directories have no content, whatever their size says.
      const bytes = member.type === 'file' || member.type === 'other' ? member.size : 0
      let isTaken = false
      const content = (): AsyncGenerator<Buffer> => {
        isTaken = true
        return input.stream(bytes)
      }
      yield { ...member, size: bytes, content }
      if (!isTaken) for await (const _ of input.stream(bytes));
      const padding = (blockBytes - (bytes % blockBytes)) % blockBytes
      for await (const _ of input.stream(padding));
    }
  }
}
