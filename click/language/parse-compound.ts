/** Compound elements, `{ ... || ... }`, and groups, `( ... )`. */
import type { Landmark } from '../diagnostics.ts'
import { Overflow } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import {
  addGroup,
  addInputAndOutput,
  type BodyBuilder,
  checkPseudoelement,
  createBuilder,
  finishBody,
} from './builder.ts'
import type { Body, Compound, ElementClass, Formal } from './router.ts'
import { accept, addPrimitive, expect, findClass, giveBack, type ParserState, peek } from './state.ts'

const enter = (state: ParserState, landmark: Landmark, what: string): void => {
  if (++state.nesting > limits.nesting) throw new Overflow(landmark, `maximum ${what} nesting depth exceeded`)
}

interface FormalsRead {
  readonly formals: Formal[]
  readonly variables: Set<string>
  readonly keywords: Set<string>
}

/** The formal parameters before `|`, if there are any. */
const readFormals = (state: ParserState, { formals, variables }: BodyBuilder): void => {
  const { diagnostics } = state
  const keywords = new Set<string>()
  const expectedVariable = () => {
    if (formals.length > 0) diagnostics.error(peek(state).landmark, 'expected variable')
  }
  for (;;) {
    if (accept(state, '|')) return
    const keyword = accept(state, 'identifier')
    const variable = accept(state, 'variable')
    if (!variable) {
      if (keyword) giveBack(state, keyword)
      expectedVariable()
      return
    }
    addFormal(
      state,
      { formals, variables, keywords },
      { name: variable.text, keyword: keyword?.text ?? '' },
      variable.landmark,
    )
    if (accept(state, '|')) return
    if (accept(state, ',')) continue
    diagnostics.error(peek(state).landmark, "expected ',' or '|'")
    return
  }
}

const addFormal = (
  { diagnostics }: ParserState,
  { formals, variables, keywords }: FormalsRead,
  formal: Formal,
  landmark: Landmark,
): void => {
  const { name, keyword } = formal
  const before = formals.at(-1)
  if (variables.has(name)) {
    diagnostics.error(landmark, `parameter '$${name}' multiply defined`)
    return
  }
  if (keyword !== '' && keywords.has(keyword)) {
    diagnostics.error(landmark, `repeated keyword parameter '${keyword}' in compound element`)
  }
  if (before && ((keyword === '' && before.keyword !== '') || before.keyword === '__REST__')) {
    diagnostics.error(
      landmark,
      "compound element parameters out of order\n(The correct order is '[positional], [keywords], [__REST__]'.)",
    )
  }
  formals.push(formal)
  variables.add(name)
  keywords.add(keyword)
}

interface Definition {
  readonly landmark: Landmark
  readonly formals: readonly Formal[]
  readonly body: Body
}

const readDefinition = (state: ParserState, name: string, landmark: Landmark): Definition => {
  const outer = { body: state.body, groups: state.groups }
  const builder = createBuilder(outer.body)
  addInputAndOutput(builder, landmark)
  Object.assign(state, { body: builder, groups: 0, chainEndedAtOutput: true })
  readFormals(state, builder)
  while (state.statement(state, '}'));
  const shown = name || '<anonymous>'
  checkPseudoelement(builder, 0, 'input', shown, landmark, state.diagnostics)
  checkPseudoelement(builder, 1, 'output', shown, landmark, state.diagnostics)
  Object.assign(state, outer)
  return { landmark, formals: builder.formals, body: finishBody(builder) }
}

/** What `...` extends. */
const readExtension = (state: ParserState, name: string, isFirst: boolean): ElementClass | undefined => {
  const dots = accept(state, '...')
  if (!dots) return undefined
  const { diagnostics } = state
  if (isFirst || peek(state).kind !== '}') {
    diagnostics.error(dots.landmark, "'...' should occur last, after one or more compounds")
  }
  if (name === '') diagnostics.error(dots.landmark, 'cannot extend anonymous compound element class')
  const found = findClass(state, name)
  if (found) return found
  if (name !== '' && state.options.isClass) {
    diagnostics.error(dots.landmark, `cannot extend unknown element class '${name}'`)
  }
  return addPrimitive(state, name)
}

/** From behind `{` to behind `}`; `name` is empty for an anonymous one. Throws Overflow. */
export const readCompound = (state: ParserState, name: string, landmark: Landmark): Compound => {
  enter(state, landmark, 'compound element')
  const definitions: Definition[] = []
  let extension: ElementClass | undefined
  let start = landmark
  do {
    extension = readExtension(state, name, definitions.length === 0)
    if (extension && definitions.length > 0 && peek(state).kind === '}') break
    definitions.push(readDefinition(state, name, start))
    start = peek(state).landmark
  } while (accept(state, '||'))
  expectClosing(state, '}')
  state.nesting--
  const chain = definitions.reduceRight<ElementClass | undefined>(
    (overload, definition) => ({ kind: 'compound', name, overload, ...definition }),
    extension,
  )
  return chain as Compound
}

/** At the end of the file the missing bracket was said to be missing by the statement that found it. */
const expectClosing = (state: ParserState, closing: '}' | ')'): void => {
  if (peek(state).kind !== 'end') expect(state, closing)
}

/** From behind `(` to behind `)`. Gives the group's node and how many ports it has. Throws Overflow. */
export const readGroup = (state: ParserState, name: string, landmark: Landmark) => {
  enter(state, landmark, 'element group')
  const { body, diagnostics } = state
  const { input, output } = addGroup(body, name, landmark)
  const outer = body.ends
  body.ends = { input, output }
  state.groups++
  state.chainEndedAtOutput = true
  while (state.statement(state, ')'));
  expectClosing(state, ')')
  const inputs = checkPseudoelement(body, input, 'input', '<anonymous group>', landmark, diagnostics)
  const outputs = checkPseudoelement(body, output, 'output', '<anonymous group>', landmark, diagnostics)
  state.groups--
  state.nesting--
  body.ends = outer
  return { inputs, outputs }
}

export const isNested = (state: ParserState): boolean => state.body.depth > 0 || state.groups > 0
