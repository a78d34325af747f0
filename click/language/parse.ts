/** From text to a configuration. Statements stand here; chains, compound elements and groups beside it. */
import { createDiagnostics, type Diagnostics, Overflow } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import { createBuilder, finishBody } from './builder.ts'
import { readChain } from './parse-chain.ts'
import { readCompound } from './parse-compound.ts'
import type { Body } from './router.ts'
import {
  accept,
  expect,
  giveBack,
  needClass,
  next,
  type ParseOptions,
  type ParserState,
  peek,
  readConfiguration,
  syntaxError,
} from './state.ts'
import { shiftWord, splitArguments, splitWords, unquote } from './strings.ts'
import { createLexer, type Token } from './tokens.ts'
import { isVariableName } from './variables.ts'

/**
 * Reads a configuration, a character a byte (decode files as latin1, so that every byte stays what it is). `file` is what landmarks call
 * it. Never throws: what is wrong goes to `diagnostics`, and what could be read is given all the same.
 */
export const parse = (
  text: string,
  file = 'config',
  options: ParseOptions = {},
  diagnostics: Diagnostics = createDiagnostics(),
): Body => {
  const body = createBuilder()
  const state: ParserState = {
    lexer: createLexer(text.slice(0, limits.source), file, diagnostics),
    file,
    returned: [],
    diagnostics,
    options,
    body,
    nesting: 0,
    groups: 0,
    chainEndedAtOutput: true,
    primitives: new Map(),
    libraries: new Set(),
    statement: readStatement,
  }
  if (text.length > limits.source) diagnostics.error(`${file}:1`, `more than ${limits.source} characters`)
  try {
    while (readStatement(state));
  } catch (error) {
    if (!(error instanceof Overflow)) throw error
    diagnostics.error(error.landmark, error.message)
  }
  return finishBody(body)
}

const readStatement = (state: ParserState, closing?: '}' | ')'): boolean => {
  const token = next(state)
  switch (token.kind) {
    case ';':
      return true
    case 'identifier':
    case '[':
    case '{':
    case '(':
    case '->':
    case '=>':
      giveBack(state, token)
      readChain(state)
      return true
    case 'elementclass':
      readElementClass(state)
      return true
    case 'require':
      readRequire(state)
      return true
    case 'define':
      readDefine(state)
      return true
    case 'end':
      giveBack(state, token)
      if (closing) state.diagnostics.error(token.landmark, `expected '${closing}'`)
      return false
    default:
      if (token.kind === closing || (token.kind === '||' && closing === '}')) {
        giveBack(state, token)
        return false
      }
      syntaxError(state, token)
      // The bracket of what is around the one that was left open ends both.
      return !(token.kind === '}' && closing === ')' && leaveGroup(state, token))
  }
}

/** `( ... }`: the group ends where the compound element does. Only where there is one. */
const leaveGroup = (state: ParserState, token: Token): boolean => {
  if (state.body.depth === 0) return false
  giveBack(state, token)
  return true
}

/** `elementclass Name { ... }`, `elementclass Name Other` */
const readElementClass = (state: ParserState): void => {
  const { diagnostics, body } = state
  const name = accept(state, 'identifier')
  if (!name) diagnostics.error(peek(state).landmark, 'expected element type name')
  const token = next(state)
  if (token.kind === '{') {
    const compound = readCompound(state, name?.text ?? '', token.landmark)
    if (name) declare(state, compound)
  } else if (token.kind === 'identifier') {
    const of = needClass(state, token.text, token.landmark)
    // Of a synonym, what it stands for: chains of them take no time to follow.
    if (name) declare(state, { kind: 'synonym', name: name.text, of: of.kind === 'synonym' ? of.of : of })
  } else {
    syntaxError(state, token)
    if (token.kind === '}' || token.kind === 'end') giveBack(state, token)
    // So that its uses are no further errors.
    if (name) body.classes.set(name.text, { kind: 'primitive', name: name.text })
  }
}

const declare = ({ body }: ParserState, declared: Body['classes'][number]['class']): void => {
  body.classes.set(declared.name, declared)
  body.declarations.push({ class: declared, nodesBefore: body.nodes.length })
}

/** `require(package name, library file, compact_config)` */
const readRequire = (state: ParserState): void => {
  const { landmark } = peek(state)
  if (!expect(state, '(')) return
  const text = readConfiguration(state)
  accept(state, ';')
  for (const argument of splitArguments(text)) {
    const [first, second, ...more] = splitWords(argument)
    if (first === undefined) continue
    const type = unquote(first)
    if (second === undefined && type === 'compact_config') state.body.requirements.push({ type, value: '', landmark })
    else if (second === undefined && type !== 'package' && type !== 'library') {
      // require(name) means require(package name).
      state.body.requirements.push({ type: 'package', value: type, landmark })
    } else if (second !== undefined && more.length === 0 && type === 'package') {
      state.body.requirements.push({ type, value: unquote(second), landmark })
    } else if (second !== undefined && more.length === 0 && type === 'library') {
      readLibrary(state, unquote(second), landmark)
    } else state.diagnostics.error(landmark, 'syntax error at requirement')
  }
}

/** Reads the statements of a library here, the first time that it is required. */
const readLibrary = (state: ParserState, name: string, landmark: string): void => {
  const { diagnostics, options, file, lexer, returned } = state
  if (state.body.depth > 0 || state.groups > 0) {
    diagnostics.error(landmark, "'require library' must be used at file scope")
    return
  }
  const library = options.library?.(name, file)
  if (!library) {
    diagnostics.error(landmark, `library '${name}' not found`)
    return
  }
  if (state.libraries.has(library.file)) return
  state.libraries.add(library.file)
  if (state.libraries.size > limits.nesting) throw new Overflow(landmark, `more than ${limits.nesting} libraries`)
  const kept = returned.splice(0)
  state.file = library.file
  state.lexer = createLexer(library.text.slice(0, limits.source), library.file, diagnostics)
  while (readStatement(state));
  state.file = file
  state.lexer = lexer
  returned.splice(0, returned.length, ...kept)
}

/** `define($name value, ...)` */
const readDefine = (state: ParserState): void => {
  const { body, diagnostics } = state
  const { landmark } = peek(state)
  if (!expect(state, '(')) return
  for (const argument of splitArguments(readConfiguration(state))) {
    if (argument === '') continue
    const [word, value] = shiftWord(argument)
    const name = word.slice(1)
    if (!word.startsWith('$') || !isVariableName(name)) {
      diagnostics.error(landmark, "bad 'define' declaration: not a variable")
    } else if (body.variables.has(name)) diagnostics.error(landmark, `parameter '$${name}' multiply defined`)
    else {
      body.definitions.push({ name, value })
      body.variables.add(name)
    }
  }
}
