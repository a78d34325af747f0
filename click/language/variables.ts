/** Variables: scopes of `$name`, and their expansion in configuration strings. After Click's `lib/variableenv.cc`. */
import { type Landmark, Overflow } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import { isVariableCharacter, skipComment, startsComment } from './characters.ts'
import { quote, shiftWord } from './strings.ts'

/** A scope within others; the innermost that defines a name says its value. */
export interface Scope {
  readonly parent: Scope | undefined
  /** 0 for the file's. */
  readonly depth: number
  /** Values may use variables themselves. */
  readonly values: Map<string, string>
}

export const createScope = (parent?: Scope): Scope => ({
  parent,
  depth: parent ? parent.depth + 1 : 0,
  values: new Map(),
})

/** The innermost scope around `scope`, itself included, that lies outside of depth `depth`. */
export const scopeOutside = (scope: Scope, depth: number): Scope | undefined => {
  let found: Scope | undefined = scope
  while (found && found.depth >= depth) found = found.parent
  return found
}

const lookUp = (scope: Scope | undefined, name: string): string | undefined => {
  for (let s = scope; s; s = s.parent) {
    const value = s.values.get(name)
    if (value !== undefined) return value
  }
  return undefined
}

/** As deep as values may refer to each other; deeper references, so also circular ones, stay as they are. */
const deepest = 10

/** Holds what one call of `expand` may make. */
interface Budget {
  left: number
  readonly landmark: Landmark
}

const spend = (budget: Budget, length: number): void => {
  budget.left -= length
  if (budget.left < 0) throw new Overflow(budget.landmark, `configuration string larger than ${limits.text} characters`)
}

/**
 * `text` with its variables replaced: `$name`, `${name}`, `${name-default}`, `${name[i]}` (the i-th word). What is not defined stays. Not
 * within single quotes and comments; within double quotes the value is escaped. Throws Overflow.
 */
export const expand = (text: string, scope: Scope, landmark: Landmark): string =>
  text.includes('$') ? expandAt(text, scope, 0, { left: limits.text, landmark }) : text

const expandAt = (text: string, scope: Scope, depth: number, budget: Budget): string => {
  let output = ''
  let done = 0
  let quoted = ''
  // Behind it no brace is closed any more.
  const lastBrace = text.lastIndexOf('}')
  let i = 0
  while (i < text.length) {
    const c = text[i]
    if (c === '\\' && quoted === '"') i += 2
    else if (c === "'" || c === '"') {
      if (quoted === '') quoted = c
      else if (quoted === c) quoted = ''
      i++
    } else if (quoted === '' && startsComment(text, i)) i = skipComment(text, i)
    else if (c === '$' && quoted !== "'" && depth <= deepest) {
      const reference = readReference(text, i, lastBrace)
      if (!reference) {
        i++
        continue
      }
      const value = evaluate(reference, scope, depth, budget)
      if (value !== undefined) {
        const shown = quoted === '"' ? quote(value).slice(1, -1) : value
        spend(budget, shown.length)
        output += text.slice(done, i) + shown
        done = reference.end
      }
      i = reference.end
    } else i++
  }
  return output + text.slice(done)
}

interface Reference {
  readonly inBraces: boolean
  /** What stands between the braces, or the name. */
  readonly body: string
  readonly end: number
}

/** undefined: the dollar sign at `at` is just that. */
const readReference = (text: string, at: number, lastBrace: number): Reference | undefined => {
  if (text[at + 1] === '{') {
    const close = at + 2 > lastBrace ? -1 : text.indexOf('}', at + 2)
    return close < 0 ? undefined : { inBraces: true, body: text.slice(at + 2, close), end: close + 1 }
  }
  // Click takes $(name) too, though its manual does not say so.
  const parenthesized = /^\$\(([A-Za-z0-9_]+)\)/.exec(text.slice(at, at + 256))
  if (parenthesized) return { inBraces: false, body: parenthesized[1] ?? '', end: at + parenthesized[0].length }
  let end = at + 1
  while (isVariableCharacter(text[end])) end++
  return end === at + 1 ? undefined : { inBraces: false, body: text.slice(at + 1, end), end }
}

const inBraces = /^\s*([A-Za-z0-9_]*)\s*(?:\[\s*(\d+)\]\s*)?(?:-([\s\S]*))?/

const evaluate = (reference: Reference, scope: Scope, depth: number, budget: Budget): string | undefined => {
  if (!reference.inBraces) return findValue(reference.body, scope, depth, budget)
  const body = reference.body.includes('$') ? expandAt(reference.body, scope, depth + 1, budget) : reference.body
  const [, name = '', index, alternative] = inBraces.exec(body) ?? []
  const value = findValue(name, scope, depth, budget)
  if (value !== undefined) return index === undefined ? value : wordAt(value, Number(index))
  return alternative === undefined ? undefined : expandAt(alternative, scope, depth + 1, budget)
}

const findValue = (name: string, scope: Scope, depth: number, budget: Budget): string | undefined => {
  const value = lookUp(scope, name)
  if (value === undefined || !value.includes('$')) return value
  spend(budget, value.length)
  return expandAt(value, scope, depth + 1, budget)
}

const wordAt = (text: string, index: number): string => {
  let rest = text
  let word = ''
  for (let i = 0; i <= index && (i === 0 || rest !== '' || word !== ''); i++) [word, rest] = shiftWord(rest)
  return word
}

/** A name that `define` may give: letters, digits and underscores. */
export const isVariableName = (name: string): boolean => name !== '' && [...name].every(isVariableCharacter)
