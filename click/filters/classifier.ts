/** Patterns of Classifier: `12/0800`, `!20/0001%00ff`, `-`. After Click's `elements/standard/classifier.cc`. */
import { type ArgumentType, refuse } from '../arguments/types.ts'
import { all, type Decision, not, type Term } from './decision.ts'

/** Bytes at one place of a packet, a mask for each: what a clause compares. */
export interface Clause {
  /** Bytes from the packet's start. */
  readonly offset: number
  readonly value: readonly number[]
  readonly mask: readonly number[]
  readonly negated: boolean
}

export interface ClassifierPattern {
  /** All must match; none match every packet. */
  readonly clauses: readonly Clause[]
  readonly decision: Decision
}

const clausePattern = /^(\d+)\/([0-9a-fA-F?]*)(?:%([0-9a-fA-F?]*))?/

/** The furthest byte that a clause may look at. */
const lastOffset = 0xffff

const digitsOf = (text: string, ofUnknown: string): readonly number[] =>
  Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2).replaceAll('?', ofUnknown), 16),
  )

/** Bits of the hexadecimal digits that are not `?`. */
const knownBits = (text: string): readonly number[] => digitsOf(text.replace(/[^?]/g, 'f'), '0')

const readClause = (text: string): { readonly clause: Clause; readonly length: number } | string => {
  const negation = /^!\s*/.exec(text)?.[0] ?? ''
  const rest = text.slice(negation.length)
  if (!/^\d/.test(rest)) return 'expected a digit'
  const [whole, offset = '', value = '', mask] = clausePattern.exec(rest) ?? []
  if (whole === undefined) return "expected '/'"
  if (value.length < 2) return 'value has less than 2 hex digits'
  if (value.length % 2 !== 0) return 'value has odd number of hex digits'
  if (mask !== undefined && mask.length !== value.length) {
    return `mask has too ${mask.length > value.length ? 'many' : 'few'} hex digits`
  }
  if (Number(offset) + value.length / 2 > lastOffset) return `offset above ${lastOffset}`
  const given = mask === undefined ? undefined : digitsOf(mask, '0')
  const bits = knownBits(value).map((known, i) => known & (given?.[i] ?? 0xff))
  const bytes = digitsOf(value, '0').map((byte, i) => byte & (bits[i] ?? 0))
  const clause = { offset: Number(offset), value: bytes, mask: bits, negated: negation !== '' }
  return { clause, length: negation.length + whole.length }
}

/** Comparisons of words of four, two and one bytes, none for bytes without a bit in the mask. */
const decideClause = ({ offset, value, mask, negated }: Clause): Decision => {
  const terms: Term[] = []
  const number = (bytes: readonly number[], from: number, length: number): number =>
    bytes.slice(from, from + length).reduce((sum, byte) => sum * 256 + byte, 0)
  for (let i = 0; i < value.length; ) {
    const left = value.length - i
    const length = left >= 4 ? 4 : left >= 2 ? 2 : 1
    const bits = number(mask, i, length)
    if (bits !== 0) {
      const at = { base: 'data', offset: offset + i, length, field: `byte ${offset + i}` } as const
      terms.push({ kind: 'term', ...at, mask: bits, relation: 'equal', value: number(value, i, length) })
    }
    i += length
  }
  return negated ? not(all(...terms)) : all(...terms)
}

export const classifierPattern: ArgumentType<ClassifierPattern> = {
  name: 'OFFSET/VALUE[%MASK] ...',
  parse: (text) => {
    const clauses: Clause[] = []
    let left = text === '-' ? '' : text.trim()
    while (left !== '') {
      const found = readClause(left)
      if (typeof found === 'string') return refuse(found)
      clauses.push(found.clause)
      left = left.slice(found.length).trimStart()
    }
    return { clauses, decision: all(...clauses.map(decideClause)) }
  },
}
