/** What the parts of the parser share. */
import type { Diagnostics, Landmark } from '../diagnostics.ts'
import { type BodyBuilder, findNode } from './builder.ts'
import type { ElementClass } from './router.ts'
import { describeKind, type Lexer, type Token, type TokenKind } from './tokens.ts'

export interface ParseOptions {
  /**
   * Says which names are classes without being declared. With it, other names are errors (`unknown element class`, `undeclared element`),
   * as in Click's drivers; without it, every name that is no element is a class, as in Click's tools.
   */
  readonly isClass?: (name: string) => boolean
  /** The text of a library that `require(library name)` names, and what landmarks call it; undefined where there is none. */
  readonly library?: (name: string, requiredBy: string) => { readonly file: string; readonly text: string } | undefined
}

export interface ParserState {
  lexer: Lexer
  /** Name of the file being read. */
  file: string
  /** Tokens read too early, the next one last. */
  readonly returned: Token[]
  readonly diagnostics: Diagnostics
  readonly options: ParseOptions
  body: BodyBuilder
  /** Compound elements and groups around here. */
  nesting: number
  /** Groups around here, within the compound element. */
  groups: number
  /** Whether the last chain ended at `output`: then another may start with an arrow without a word of warning. */
  chainEndedAtOutput: boolean
  /** Classes that no declaration made. */
  readonly primitives: Map<string, ElementClass>
  readonly libraries: Set<string>
  /** Reads one statement; false at the end of the file, or before `closing`, which is left. */
  readonly statement: (state: ParserState, closing?: '}' | ')') => boolean
}

export const next = (state: ParserState): Token => state.returned.pop() ?? state.lexer.next()

export const giveBack = (state: ParserState, ...tokens: readonly Token[]): void => {
  state.returned.push(...tokens.toReversed())
}

export const peek = (state: ParserState): Token => {
  const token = next(state)
  giveBack(state, token)
  return token
}

/** Takes the next token if it is of `kind`. */
export const accept = (state: ParserState, kind: TokenKind): Token | undefined => {
  const token = next(state)
  if (token.kind === kind) return token
  giveBack(state, token)
  return undefined
}

export const expect = (state: ParserState, kind: TokenKind): boolean => {
  if (accept(state, kind)) return true
  state.diagnostics.error(peek(state).landmark, `expected ${describeKind(kind)}`)
  return false
}

export const syntaxError = (state: ParserState, { kind, text, landmark }: Token): void =>
  state.diagnostics.error(landmark, kind === 'end' ? 'syntax error at end of file' : `syntax error near '${text}'`)

/** The configuration string behind `(` and its closing parenthesis. Only where no token was given back. */
export const readConfiguration = (state: ParserState): string => {
  const text = state.lexer.configuration()
  expect(state, ')')
  return text
}

/** The class that a name means here: the latest declaration, in the innermost scope. */
export const findClass = (state: ParserState, name: string): ElementClass | undefined => {
  for (let body: BodyBuilder | undefined = state.body; body; body = body.parent) {
    const found = body.classes.get(name)
    if (found) return found
  }
  const found = state.primitives.get(name)
  if (found || !state.options.isClass?.(name)) return found
  return addPrimitive(state, name)
}

export const addPrimitive = (state: ParserState, name: string): ElementClass => {
  const primitive = { kind: 'primitive', name } as const
  state.primitives.set(name, primitive)
  return primitive
}

/** The class that a declaration names; one that is not known is said to be unknown once. */
export const needClass = (state: ParserState, name: string, landmark: Landmark): ElementClass => {
  const found = findClass(state, name)
  if (found) return found
  if (state.options.isClass) state.diagnostics.error(landmark, `unknown element class '${name}'`)
  else if (findNode(state.body, name) !== undefined) {
    state.diagnostics.error(landmark, `'${name}' was previously used as an element name`)
  }
  return addPrimitive(state, name)
}
