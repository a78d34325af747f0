import { classifier as of } from '../../../click/elements/classifier.ts'
import type { Decision } from '../../../click/filters/decision.ts'
import { furthestByte, sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'
import { addressBytes } from '../compile/tags.ts'
import { formatProgram } from './program-text.ts'

interface Patterns {
  readonly list: readonly { readonly decision: Decision }[]
}

const choicesOf = ({ list }: Patterns) => list.map(({ decision }, port) => ({ decision, port }))

export const classifier = compileElement(of, {
  compile: (site) => sort(site, choicesOf(site)),
  modifies: false,
  takesTag: (configured) => furthestByte(choicesOf(configured)) <= addressBytes,
  handlers: { program: { read: (_, configured) => formatProgram(choicesOf(configured)) } },
})
