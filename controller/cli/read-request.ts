/** The request in a file or from stdin, checked here: its errors have their places in the file. */
import { readFile } from 'node:fs/promises'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { maxFileBytes } from '../description/limits.ts'
import { parseRequest } from '../description/parse.ts'
import type { Context, Input } from './context.ts'
import { UsageError } from './usage-error.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
}

/** What is too long is read so far that parseRequest can say so. */
const readAll = async (input: Input): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk as string)
    chunks.push(buffer)
    bytes += buffer.length
    if (bytes > maxFileBytes) break
  }
  return Buffer.concat(chunks)
}

const readBytes = async (context: Context, file: string): Promise<Uint8Array> => {
  if (file === '-') return readAll(context.stdin)
  try {
    return await readFile(file)
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    throw new UsageError(`cannot read ${file}: ${reasons[code] ?? message}`)
  }
}

/** Throws UsageError where the file cannot be read, RequestErrors for what is wrong in it. */
export const readRequest = async (context: Context, file: string): Promise<VNetRequest> => {
  const input = await readBytes(context, file)
  const { request } = await parseRequest(input, { file: file === '-' ? '<stdin>' : file })
  return request
}
