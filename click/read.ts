/** From text to a checked configuration, in one step: what an engine and admission control begin with. */
import { type CheckedGraph, check, checkSupport } from './check/check.ts'
import { createDiagnostics, type Diagnostic, hasErrors } from './diagnostics.ts'
import { catalogue } from './elements/catalogue.ts'
import { isOfClickAlone } from './elements/known.ts'
import { flatten } from './flatten/flatten.ts'
import { parse } from './language/parse.ts'
import type { ParseOptions } from './language/state.ts'

export interface ReadOptions extends Pick<ParseOptions, 'library'> {
  /** Values of variables, before those that the file defines. */
  readonly variables?: Readonly<Record<string, string>>
}

export interface Router {
  /** undefined where there were errors. */
  readonly checked: CheckedGraph | undefined
  /** In the order in which they were found; warnings too. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Classes that need no declaration: ours, and those of Click that check refuses by name. */
export const isClass = (name: string): boolean => catalogue.has(name) || isOfClickAlone(name)

/** `file` is what landmarks call the text, whose characters are bytes. Never throws. */
export const readRouter = (text: string, file = 'config', { library, variables = {} }: ReadOptions = {}): Router => {
  const diagnostics = createDiagnostics()
  const body = parse(text, file, { isClass, ...(library ? { library } : {}) }, diagnostics)
  const graph = flatten(body, { expandVariables: true, variables }, diagnostics)
  if (!hasErrors(diagnostics)) return { checked: check(graph, diagnostics), diagnostics: diagnostics.list }
  // An error so far may be the only reason for anything else that check would find.
  checkSupport(graph, diagnostics)
  return { checked: undefined, diagnostics: diagnostics.list }
}
