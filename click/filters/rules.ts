/** Arguments of the filter elements: a pattern each, with what becomes of the packets that it matches. */
import { readInteger } from '../arguments/numbers.ts'
import { type ArgumentType, isRefusal, refuse } from '../arguments/types.ts'
import { unquote } from '../language/strings.ts'
import type { Decision } from './decision.ts'
import type { Expression } from './expression.ts'
import { normalize } from './normalize.ts'
import { parseFilterWords } from './parse.ts'
import { separateWords } from './words.ts'

export interface Pattern {
  /** As it was written. */
  readonly text: string
  readonly expression: Expression
  readonly decision: Decision
  readonly warnings: readonly string[]
}

/** One argument of IPFilter. */
export interface Rule extends Pattern {
  /** The output of packets that match, or what drops them. */
  readonly action: number | 'drop'
}

const readPattern = (text: string, words: readonly string[]) => {
  const { expression, errors, warnings } = parseFilterWords(words)
  return errors.length > 0 ? refuse(errors.join('\n')) : { text, expression, decision: normalize(expression), warnings }
}

/** One argument of IPClassifier. */
export const pattern: ArgumentType<Pattern> = {
  name: 'pattern of packets',
  parse: (text) => {
    const words = separateWords(unquote(text))
    return words.length === 0 ? refuse('empty pattern') : readPattern(text, words)
  },
}

const readAction = (word: string): number | 'drop' | undefined => {
  if (word === 'allow') return 0
  if (word === 'deny' || word === 'drop') return 'drop'
  return readInteger(word)
}

export const rule: ArgumentType<Rule> = {
  name: 'ACTION PATTERN',
  parse: (text) => {
    const [first, ...words] = separateWords(unquote(text))
    if (first === undefined) return refuse('empty pattern')
    const action = readAction(first)
    if (action === undefined) return refuse(`unknown slot ID '${first}'`)
    if (action !== 'drop' && action < 0) return refuse(`slot '${action}' out of range`)
    const found = readPattern(text, words)
    return isRefusal(found) ? found : { action, ...found }
  },
}
