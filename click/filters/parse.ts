/** The language of IPFilter and IPClassifier, after Click's manual and `elements/ip/ipfilter.cc`. */
import { readEtherAddress, readIpAddress, readIpPrefix } from '../arguments/addresses.ts'
import { readInteger } from '../arguments/numbers.ts'
import { limits } from '../limits.ts'
import { type Context, createDraft, type Data, type Draft, finishDraft, noContext, type Problems } from './draft.ts'
import type { Expression } from './expression.ts'
import { type Field, formatProtocol, lookUpValue, type Subject, separateWords, subjectOfWord } from './words.ts'

interface State extends Problems {
  readonly words: readonly string[]
  at: number
  depth: number
  context: Context
}

export interface ParsedFilter {
  readonly expression: Expression
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** Parentheses and `?` within each other. */
const deepest = 100

/** `?` after each other. */
const mostChoices = 500

/** Of one pattern; the rest would say nothing more. */
const mostProblems = 20

/** Never throws. `-`, `any`, `all` and nothing match every packet. */
export const parseFilter = (text: string): ParsedFilter => parseFilterWords(separateWords(text))

export const parseFilterWords = (words: readonly string[]): ParsedFilter => {
  const errors: string[] = []
  const warnings: string[] = []
  const isAny = words.length === 0 || (words.length === 1 && ['-', 'any', 'all'].includes(words[0] ?? ''))
  if (isAny) return { expression: { kind: 'constant', value: true }, errors, warnings }
  if (words.length > limits.words) {
    return {
      expression: { kind: 'constant', value: false },
      errors: [`pattern of more than ${limits.words} words`],
      warnings,
    }
  }
  const state: State = {
    words,
    at: 0,
    depth: 0,
    context: noContext,
    error: (problem) => void (errors.length < mostProblems && errors.push(problem)),
    warning: (problem) => void (warnings.length < mostProblems && warnings.push(problem)),
  }
  const expression = readExpression(state)
  if (state.at < words.length && errors.length === 0) {
    state.error(`garbage after expression at '${words[state.at]}'`)
  }
  return { expression, errors, warnings }
}

const isNext = (state: State, ...words: readonly string[]): boolean => words.includes(state.words[state.at] ?? '')

/** `a ? b : c ? d : e` */
const readExpression = (state: State): Expression => {
  if (++state.depth > deepest) {
    if (state.depth === deepest + 1) state.error('expression nested too deeply')
    state.at = state.words.length
    state.depth--
    return { kind: 'constant', value: false }
  }
  const choices: { condition: Expression; then: Expression }[] = []
  let last = readAny(state)
  while (isNext(state, '?')) {
    const start = ++state.at
    const then = readExpression(state)
    if (state.at === start || !isNext(state, ':')) {
      state.error("missing ':' in ternary expression")
      break
    }
    if (choices.length >= mostChoices) {
      state.error('expression nested too deeply')
      state.at = state.words.length
      break
    }
    state.at++
    choices.push({ condition: last, then })
    last = readAny(state)
  }
  state.depth--
  return choices.reduceRight<Expression>((otherwise, choice) => ({ kind: 'choose', ...choice, otherwise }), last)
}

const combine = (kind: 'all' | 'any', of: readonly Expression[]): Expression =>
  of.length === 1 && of[0] ? of[0] : { kind, of }

const readAny = (state: State): Expression => {
  const parts = [readAll(state)]
  while (isNext(state, 'or', '||')) {
    state.at++
    parts.push(readAll(state))
  }
  return combine('any', parts)
}

/** Factors joined by `and`, or by nothing. */
const readAll = (state: State): Expression => {
  const parts: Expression[] = []
  let isNeeded = true
  for (;;) {
    const start = state.at
    const part = readFactor(state)
    if (state.at === start) {
      if (isNeeded) state.error('missing expression')
      return combine('all', parts)
    }
    if (part) parts.push(part)
    isNeeded = isNext(state, 'and', '&&')
    if (isNeeded) state.at++
  }
}

/** undefined where there is none, or a wrong one. */
const readFactor = (state: State): Expression | undefined => {
  let negated = false
  const start = state.at
  while (isNext(state, 'not', '!')) {
    negated = !negated
    state.at++
  }
  const before = state.at
  const factor = isNext(state, '(') ? readParentheses(state) : readTest(state)
  if (state.at === before && before > start) state.error(`missing expression after '${state.words[before - 1]}'`)
  return factor && negated ? { kind: 'not', of: factor } : factor
}

const readParentheses = (state: State): Expression => {
  const start = ++state.at
  const inner = readExpression(state)
  if (isNext(state, ')')) state.at++
  else if (state.at !== start) state.error("missing ')'")
  return inner
}

const readTest = (state: State): Expression | undefined => {
  const start = state.at
  if (start >= state.words.length || isNext(state, ')', '||', 'or', '?', ':')) return undefined
  if (isNext(state, 'true', 'false')) return { kind: 'constant', value: state.words[state.at++] === 'true' }
  const draft = createDraft()
  const isNegated = readQualifiers(state, draft)
  if (state.at !== start) state.context = noContext
  if (state.context.isEther) draft.header = 'ether'
  const hasNext = () => state.at < state.words.length - 1
  if (hasNext() && isNext(state, '[') && state.at > start && !draft.subject) readField(state, draft)
  if (hasNext() && isNext(state, '&')) readMask(state, draft)
  if (hasNext()) readRelation(state, draft)
  const isReadable = readData(state, draft)
  if (state.at === start) {
    state.error(`empty term near '${state.words[start]}'`)
    return undefined
  }
  if (!isReadable) return undefined
  const finished = finishDraft(draft, state.context, state)
  if (!finished) return undefined
  state.context = finished.context
  const test: Expression = { kind: 'primitive', primitive: finished.primitive }
  return isNegated ? { kind: 'not', of: test } : test
}

/** The words before the value: what is compared. Gives whether `not` stood among them. */
const readQualifiers = (state: State, draft: Draft): boolean => {
  let negated = false
  for (; state.at < state.words.length; state.at++) {
    const word = state.words[state.at] ?? ''
    const subject = subjectOfWord(word)
    if (subject) setSubject(state, draft, subject)
    else if (word === 'src' || word === 'dst' || word === 'dest') setDirection(state, draft, word)
    else if (word === 'not' || word === '!') negated = !negated
    else if (word === 'ip' || word === 'ether') {
      if (draft.header) break
      draft.header = word
    } else {
      const found = lookUpValue(word, undefined, undefined)
      if (found.kind !== 'found' || found.meaning.subject.kind !== 'proto') break
      setProtocol(state, draft, found.meaning.value)
    }
  }
  return negated
}

const setSubject = (state: State, draft: Draft, subject: Subject): void => {
  if (draft.subject) state.error('type specified twice')
  draft.subject = subject
  if (subject.kind === 'field' && subject.field.protocol !== undefined)
    setProtocol(state, draft, subject.field.protocol)
}

const setProtocol = (state: State, draft: Draft, protocol: number): void => {
  if (draft.protocol !== undefined && draft.protocol !== protocol) state.error('transport protocol specified twice')
  draft.protocol = protocol
}

const setDirection = (state: State, draft: Draft, word: string): void => {
  if (draft.direction) state.error("'src' or 'dst' specified twice")
  draft.direction = word === 'src' ? 'source' : 'destination'
  const [connective = '', other = ''] = state.words.slice(state.at + 1, state.at + 3)
  if (word !== 'src' || (other !== 'dst' && other !== 'dest')) return
  const both = ['and', '&&'].includes(connective) ? 'both' : ['or', '||'].includes(connective) ? 'one' : undefined
  if (!both) return
  draft.direction = both
  state.at += 2
}

/** `[POS]`, `[POS:LEN]`, `[FIRST,LAST]`, in bytes. */
const readField = (state: State, draft: Draft): void => {
  const close = state.words.indexOf(']', state.at)
  if (close < 0) {
    state.error("missing ']'")
    state.at++
    return
  }
  const text = state.words.slice(state.at + 1, close).join('')
  state.at = close + 1
  const [, start = '', separator, end = ''] = /^([^:,]+)(?:([:,])([^:,]+))?$/.exec(text) ?? []
  const first = readInteger(start)
  const second = separator ? readInteger(end) : 1
  if (first === undefined || second === undefined || first < 0) {
    state.error("syntax error after '[', expected '[POS]' or '[POS:LEN]'")
    return
  }
  const length = separator === ',' ? second - first + 1 : second
  if (length < 1 || length > 4) {
    state.error("LEN in '[POS:LEN]' out of range, should be between 1 and 4")
  } else if (first >> 2 !== (first + length - 1) >> 2 || first > 0xffff) {
    state.error(`field [${first}:${length}] does not fit in a single word`)
  } else {
    const { protocol } = draft
    const name = `${protocol === undefined ? 'ip' : formatProtocol(protocol)}[${first}:${length}]`
    const field: Field = { name, protocol, bitOffset: first * 8, bitLength: length * 8 }
    draft.subject = { kind: 'field', field }
  }
}

const readMask = (state: State, draft: Draft): void => {
  const word = state.words[state.at + 1] ?? ''
  const number = readInteger(word)
  const address = draft.header === 'ether' ? undefined : readIpAddress(word)
  const ether = draft.header === 'ip' ? undefined : readEtherAddress(word)
  if (number !== undefined) draft.mask = { kind: 'number', value: number >>> 0 }
  else if (address !== undefined) draft.mask = { kind: 'address', value: address }
  else if (ether) draft.mask = { kind: 'ether', bytes: ether }
  else return
  state.at += 2
  if (draft.mask.kind !== 'ether' && draft.mask.value === 0) {
    state.error('zero mask ignored')
    draft.mask = undefined
  }
}

const relations: Readonly<Record<string, Pick<Draft, 'relation' | 'negated'>>> = {
  '=': { relation: 'equal', negated: false },
  '==': { relation: 'equal', negated: false },
  '!=': { relation: 'equal', negated: true },
  '>': { relation: 'above', negated: false },
  '<': { relation: 'below', negated: false },
  '>=': { relation: 'below', negated: true },
  '<=': { relation: 'above', negated: true },
}

const readRelation = (state: State, draft: Draft): void => {
  const word = state.words[state.at] ?? ''
  if (!Object.hasOwn(relations, word)) return
  Object.assign(draft, relations[word])
  state.at++
}

/** The value; false where a word was there that means nothing here, which was said. */
const readData = (state: State, draft: Draft): boolean => {
  const word = state.words[state.at]
  if (word === undefined) return true
  const found = lookUpValue(word, draft.subject, draft.protocol)
  if (found.kind === 'unclear') {
    state.error(found.problem)
    state.at++
    return false
  }
  const data: Data | undefined =
    found.kind === 'found' ? { kind: 'named', ...found.meaning } : readNumberOrAddress(state, draft, word)
  if (data) {
    draft.data = data
    state.at++
  } else if (draft.relation !== 'equal' || draft.negated) state.error(`dangling operator near '${word}'`)
  return true
}

const readNumberOrAddress = (state: State, draft: Draft, word: string): Data | undefined => {
  const number = readInteger(word)
  // A negative number is as far out of range as Click's unsigned view of it.
  if (number !== undefined) return { kind: 'number', value: number < 0 ? 0xffff_ffff : number }
  if (draft.header !== 'ether') {
    const address = readIpAddress(word)
    if (address !== undefined) return readDottedMask(state, address) ?? { kind: 'address', value: address }
    const prefix = readIpPrefix(word)
    if (prefix) return { kind: 'net', value: prefix.address, mask: prefix.mask }
  }
  const ether = draft.header === 'ip' ? undefined : readEtherAddress(word)
  return ether && { kind: 'ether', bytes: ether }
}

/** `10.0.0.0 mask 255.0.0.0` */
const readDottedMask = (state: State, address: number): Data | undefined => {
  const mask = state.words[state.at + 1] === 'mask' ? readIpAddress(state.words[state.at + 2] ?? '') : undefined
  if (mask === undefined) return undefined
  state.at += 2
  return { kind: 'net', value: address, mask }
}
