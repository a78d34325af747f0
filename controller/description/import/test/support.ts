import { formatRequest } from '../../format.ts'
import { type ParseRequestOptions, parseRequest, RequestErrors } from '../../parse.ts'

export interface Read {
  readonly yaml: string
  /** "12:5 node/a: message", in the order of the file. */
  readonly notes: readonly string[]
}

/** A file as the request in YAML that it is, and what it lost. */
export const readFile = async (text: string, file: string, options: ParseRequestOptions = {}): Promise<Read> => {
  const { request, notes } = await parseRequest(text, { folder: '/nonexistent', ...options, file })
  const yaml = await formatRequest(request, 'yaml')
  return { yaml, notes: notes.map(({ where, object, message }) => tell(where, object, message)) }
}

const tell = (where: string, object: string, message: string): string =>
  `${where.slice(where.indexOf(':') + 1)}${object && ` ${object}`}: ${message}`

/** What is wrong with it, as "3:5: message | hint". */
export const errorsOf = async (text: string, file: string): Promise<readonly string[]> => {
  try {
    await parseRequest(text, { file })
    return []
  } catch (thrown) {
    if (!(thrown instanceof RequestErrors)) throw thrown
    return thrown.errors.map(({ where, message, hint }) => `${tell(where ?? '', '', message)} | ${hint}`)
  }
}
