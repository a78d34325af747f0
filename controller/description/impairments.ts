/** What a link does to frames on purpose: in a file for both directions at once, or for each. */
import type { Init } from '../../proto/codec.ts'
import type { Impairment, Link } from '../../proto/generated/weft.v1.ts'
import { amount, type BuildContext } from './build-context.ts'
import { type Entry, find, type TreeNode } from './tree.ts'
import { delay, formatPercent, formatQuantity, type Parsed, parsePercent, parseQuantity } from './units.ts'

interface Amount {
  readonly field: keyof Impairment
  readonly parse: (text: string) => Parsed
  readonly format: (value: number) => string
}

const time = {
  parse: (text: string) => parseQuantity(delay, text, 0),
  format: (value: number) => formatQuantity(delay, value),
}
const share = { parse: parsePercent, format: formatPercent }

/** By their keys in a file, in its order. */
export const impairmentAmounts = {
  delay: { field: 'delayMicroseconds', ...time },
  jitter: { field: 'jitterMicroseconds', ...time },
  loss: { field: 'lossMillionths', ...share },
  duplicate: { field: 'duplicateMillionths', ...share },
  reorder: { field: 'reorderMillionths', ...share },
} as const satisfies Readonly<Record<string, Amount>>

const amounts: readonly (readonly [string, Amount])[] = Object.entries(impairmentAmounts)

type Directions = Pick<Link, 'impairmentAToB' | 'impairmentBToA'>

export type ImpairmentOutline = Readonly<Record<string, string>>

/** Amounts that are not 0, as text. */
export const outlineImpairment = (impairment: Impairment): ImpairmentOutline =>
  Object.fromEntries(
    amounts.flatMap(([key, { field, format }]) => (impairment[field] === 0 ? [] : [[key, format(impairment[field])]])),
  )

export interface ImpairmentsOutline {
  /** Of both directions, which are the same then. */
  readonly both?: ImpairmentOutline | undefined
  readonly 'a-to-b'?: ImpairmentOutline | undefined
  readonly 'b-to-a'?: ImpairmentOutline | undefined
}

/** undefined where the link has none. */
export const outlineImpairments = ({ impairmentAToB, impairmentBToA }: Directions): ImpairmentsOutline | undefined => {
  if (!impairmentAToB && !impairmentBToA) return undefined
  const same = amounts.every(([, { field }]) => impairmentAToB?.[field] === impairmentBToA?.[field])
  if (impairmentAToB && same && !isUnimpaired(impairmentAToB)) return { both: outlineImpairment(impairmentAToB) }
  return {
    'a-to-b': impairmentAToB && outlineImpairment(impairmentAToB),
    'b-to-a': impairmentBToA && outlineImpairment(impairmentBToA),
  }
}

/** Whether frames go through untouched. */
export const isUnimpaired = (impairment: Impairment): boolean =>
  amounts.every(([, { field }]) => impairment[field] === 0)

export const isImpaired = ({ impairmentAToB, impairmentBToA }: Directions): boolean =>
  [impairmentAToB, impairmentBToA].some((impairment) => impairment && !isUnimpaired(impairment))

/** A direction has its own amounts, and those of both where it has not its own. */
export const buildImpairments = (
  entry: Entry | undefined,
  path: string,
  object: string,
  context: BuildContext,
): Init<Directions> => {
  const both = entry?.value
  const isForBoth = amounts.some(([key]) => find(both, key) !== undefined)
  const direction = (key: string, field: keyof Directions): Init<Impairment> | undefined => {
    const own = find(both, key)
    if (!own && !isForBoth) return undefined
    const at = own?.value.at ?? entry?.value.at
    if (at) context.note(`${path}.${field}`, at)
    return buildImpairment([own?.value, both], `${path}.${field}`, object, context)
  }
  return {
    impairmentAToB: direction('a-to-b', 'impairmentAToB'),
    impairmentBToA: direction('b-to-a', 'impairmentBToA'),
  }
}

/** Each amount is taken from the first mapping that has it. */
const buildImpairment = (
  from: readonly (TreeNode | undefined)[],
  path: string,
  object: string,
  context: BuildContext,
): Init<Impairment> =>
  Object.fromEntries(
    amounts.map(([key, { field, parse }]) => {
      const entry = from.map((node) => find(node, key)).find((found) => found !== undefined)
      return [field, amount(entry, `${path}.${field}`, object, context, parse, ['impairment'])]
    }),
  )
