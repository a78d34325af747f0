/** Files that a request takes in by `source`. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { maxSourceBytes } from './limits.ts'
import { decodeText } from './text.ts'

export type Source = { readonly text: string } | { readonly problem: string; readonly hint?: string | undefined }

/** Reads a file by its path relative to the request's folder; each once. */
export type SourceReader = (path: string) => Source

/**
 * Files in or below `folder` alone, also after symbolic links are followed: a request from elsewhere must not carry the reader's
 * own files to a provider. Without a folder there is nothing that a path could be relative to.
 */
export const createSourceReader = (folder: string | undefined): SourceReader => {
  const known = new Map<string, Source>()
  return (path) => {
    let source = known.get(path)
    if (!source) {
      source = folder === undefined ? noFolder : read(folder, path)
      known.set(path, source)
    }
    return source
  }
}

const noFolder: Source = {
  problem: 'the request does not come from a file that a source could be relative to',
  hint: 'give the content itself',
}

const read = (folder: string, path: string): Source => {
  if (path.includes('\0')) return { problem: 'is no path' }
  let descriptor: number | undefined
  try {
    const root = realpathSync(folder)
    const file = realpathSync(resolve(root, path))
    if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return { problem: 'lies outside the folder of the request', hint: 'a file in or below that folder' }
    }
    // Not blocking: what opens as a named pipe is refused next.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = fstatSync(descriptor)
    if (!status.isFile()) return { problem: 'is not a regular file' }
    if (status.size > maxSourceBytes) return { problem: `has ${status.size} bytes`, hint: `at most ${maxSourceBytes}` }
    return decode(readWhole(descriptor, status.size))
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException
    return code === 'ENOENT' ? { problem: 'does not exist' } : { problem: `cannot be read: ${code ?? message}` }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const readWhole = (descriptor: number, size: number): Uint8Array => {
  const buffer = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const got = readSync(descriptor, buffer, length, size - length, length)
    if (got === 0) break
    length += got
  }
  return buffer.subarray(0, length)
}

const decode = (content: Uint8Array): Source => {
  const decoded = decodeText(content, maxSourceBytes)
  if ('text' in decoded) return decoded
  const { message, at } = decoded.problem
  return { problem: `is no text: ${message}${at ? ` (line ${at.line})` : ''}`, hint: 'a file in UTF-8' }
}
