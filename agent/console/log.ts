/**
 * The last output of a console, on disk and nowhere else: a hundred consoles that nobody watches cost no memory, and what was written before
 * an agent was killed is there after it. Segments `POSITION.log`, named by how many bytes the console had written before their first; two at
 * most. Writes are synchronous, into the page cache: what has been told to a watcher is kept, also where the agent is killed right after.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** So much is kept at least, and twice that at most. */
export const keptBytes = 64 * 1024

export interface ConsoleLog {
  /** Position of the first byte that is kept. */
  readonly begin: number
  /** Position behind the last byte. */
  readonly end: number
  /** Throws what the disk throws (ENOSPC), where there is no room even in place of what is oldest; the rest of the bytes is lost. */
  append(bytes: Uint8Array): void
  /** At most `most` bytes from `position`, or from the first one kept where that is later. */
  read(position: number, most: number): { readonly position: number; readonly bytes: Uint8Array }
  close(): void
}

interface Segment {
  readonly position: number
  readonly path: string
  readonly descriptor: number
  size: number
}

const namePattern = /^(\d+)\.log$/

const openSegment = (directory: string, position: number): Segment => {
  const path = join(directory, `${position}.log`)
  const descriptor = openSync(path, 'a+', 0o600)
  return { position, path, descriptor, size: fstatSync(descriptor).size }
}

const endOf = ({ position, size }: Segment): number => position + size

/** Segments that follow each other up to the last one; others are left of a crash, and go. */
const found = (directory: string): Segment[] => {
  const positions = readdirSync(directory)
    .flatMap((name) => namePattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a)
  const segments: Segment[] = []
  for (const position of positions) {
    const path = join(directory, `${position}.log`)
    const next = segments[0]
    const isKept = !next || (segments.length < 2 && position + statSync(path).size === next.position)
    if (isKept) segments.unshift(openSegment(directory, position))
    else unlinkSync(path)
  }
  return segments
}

const drop = ({ descriptor, path }: Segment): void => {
  closeSync(descriptor)
  unlinkSync(path)
}

export const openConsoleLog = (directory: string): ConsoleLog => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const segments = found(directory)
  if (segments.length === 0) segments.push(openSegment(directory, 0))
  const last = (): Segment => segments.at(-1) as Segment

  const begin = (): void => {
    segments.push(openSegment(directory, endOf(last())))
    for (const segment of segments.splice(0, segments.length - 2)) drop(segment)
  }

  const write = (bytes: Uint8Array): void => {
    const segment = last()
    for (let written = 0; written < bytes.length; ) {
      const count = writeSync(segment.descriptor, bytes, written)
      written += count
      segment.size += count
    }
  }

  const append = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      if (last().size >= keptBytes) begin()
      const part = bytes.subarray(at, at + keptBytes - last().size)
      const end = endOf(last())
      try {
        write(part)
      } catch {
        // A full disk: what is oldest makes way for what is new.
        for (const segment of segments.splice(0, segments.length - 1)) drop(segment)
        write(part.subarray(endOf(last()) - end))
      }
      at += part.length
    }
  }

  return {
    get begin() {
      return segments[0]?.position ?? 0
    },
    get end() {
      return endOf(last())
    },
    append,
    read: (from, most) => {
      const position = Math.max(from, segments[0]?.position ?? 0)
      const segment = segments.find((one) => position < endOf(one))
      if (!segment) return { position, bytes: new Uint8Array() }
      const bytes = Buffer.alloc(Math.min(most, endOf(segment) - position))
      const count = readSync(segment.descriptor, bytes, 0, bytes.length, position - segment.position)
      return { position, bytes: bytes.subarray(0, count) }
    },
    close: () => {
      for (const { descriptor } of segments.splice(0)) closeSync(descriptor)
    },
  }
}
