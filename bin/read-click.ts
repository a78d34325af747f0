/** A Click configuration from a file, stdin or the command line, and the telling of what is wrong with it. */
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Diagnostic, formatDiagnostic } from '../click/diagnostics.ts'
import type { Graph } from '../click/graph.ts'
import type { ParseOptions } from '../click/language/state.ts'
import { limits } from '../click/limits.ts'
import { readRouter } from '../click/read.ts'
import type { Context } from '../controller/cli/context.ts'
import { printable } from '../controller/cli/terminal.ts'
import { UsageError } from '../controller/cli/usage-error.ts'

/** A configuration's text, a character a byte, and what landmarks call it. */
export interface ClickText {
  readonly text: string
  readonly file: string
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
}

/** What is too long is read so far that the parser can say so. */
const readStdin = async ({ stdin }: Context): Promise<string> => {
  let text = ''
  for await (const chunk of stdin) {
    text += Buffer.from(chunk as string).toString('latin1')
    if (text.length > limits.source) break
  }
  return text
}

/** The file (`-`: stdin), or the expression; one of both. Throws UsageError. */
export const readClickText = async (
  context: Context,
  file: string | undefined,
  expression: string | undefined,
): Promise<ClickText> => {
  if (file !== undefined && expression !== undefined) {
    throw new UsageError('router configuration specified twice', 'give FILE or --expression')
  }
  if (expression !== undefined) return { text: Buffer.from(expression).toString('latin1'), file: 'config' }
  if (file === undefined || file === '-') return { text: await readStdin(context), file: '<stdin>' }
  try {
    return { text: await readFile(file, 'latin1'), file }
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    throw new UsageError(`cannot read ${file}: ${reasons[code] ?? message}`)
  }
}

/** Finds `require(library NAME)` beside the file that requires it, then in the directories of CLICKPATH and their `conf`. */
export const clickLibraries =
  ({ env }: Context): NonNullable<ParseOptions['library']> =>
  (name, requiredBy) => {
    const clickPath = (env['CLICKPATH'] ?? '').split(':').filter((directory) => directory !== '')
    const directories = [dirname(requiredBy), ...clickPath.flatMap((directory) => [join(directory, 'conf'), directory])]
    const file = directories.map((directory) => join(directory, name)).find((candidate) => existsSync(candidate))
    return file === undefined ? undefined : { file, text: readFileSync(file, 'latin1') }
  }

/** Bytes as they came in. */
export const writeClickText = ({ stdout }: Context, text: string): void => {
  stdout.write(Buffer.from(text, 'latin1'))
}

/** On stderr, as Click writes them: `file:line: text`. */
export const tellDiagnostics = ({ stderr }: Context, diagnostics: readonly Diagnostic[]): void => {
  for (const diagnostic of diagnostics) {
    for (const line of formatDiagnostic(diagnostic).split('\n')) stderr.write(`${printable(line)}\n`)
  }
}

/** The checked graph of what a command was given; undefined where it is wrong, which stderr then says. */
export const readClickGraph = async (
  context: Context,
  given: string | undefined,
  flags: { readonly expression: string | undefined; readonly define: readonly (readonly [string, string])[] },
): Promise<Graph | undefined> => {
  const { text, file } = await readClickText(context, given, flags.expression)
  const variables = Object.fromEntries(flags.define)
  const { checked, diagnostics } = readRouter(text, file, { library: clickLibraries(context), variables })
  tellDiagnostics(context, diagnostics)
  return checked?.graph
}
