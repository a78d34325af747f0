/** The request in a file or from stdin, checked here: its errors have their places in the file. */
import { readFile } from 'node:fs/promises'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Note } from '../description/import/notes.ts'
import { maxFileBytes } from '../description/limits.ts'
import { type ParsedRequest, type ParseRequestOptions, parseRequest } from '../description/parse.ts'
import type { Context, Input } from './context.ts'
import { paint, printable } from './terminal.ts'
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

/** With what its form alone can say. Throws UsageError where the file cannot be read, RequestErrors for what is wrong in it. */
export const readForm = async (
  context: Context,
  file: string,
  options: ParseRequestOptions = {},
): Promise<ParsedRequest> => {
  const input = await readBytes(context, file)
  return parseRequest(input, { ...options, file: file === '-' ? '<stdin>' : file })
}

/** The same; what a file in another's form says and a request cannot goes to stderr. */
export const readRequest = async (context: Context, file: string): Promise<VNetRequest> => {
  const { request, notes } = await readForm(context, file)
  tellNotes(context, notes)
  return request
}

/** `note: MESSAGE (object) at file:line:column` */
export const tellNotes = ({ stderr, colour }: Context, notes: readonly Note[]): void => {
  for (const { message, object, where } of notes) {
    const label = paint('note:', 'busy', colour.stderr)
    stderr.write(`${label} ${printable(`${message}${object && ` (${object})`}${where && ` at ${where}`}`)}\n`)
  }
}
