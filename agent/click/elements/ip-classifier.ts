import { ipClassifier as of } from '../../../click/elements/ip-classifier.ts'
import type { Decision } from '../../../click/filters/decision.ts'
import { sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'
import { swapOnly } from '../handlers.ts'
import { formatProgram } from './program-text.ts'

interface Patterns {
  readonly list: readonly { readonly decision: Decision }[]
}

const choicesOf = ({ list }: Patterns) => list.map(({ decision }, port) => ({ decision, port }))

export const ipClassifier = compileElement(of, {
  compile: (site) => sort(site, choicesOf(site)),
  readsMac: true,
  modifies: false,
  handlers: { program: { read: (_, configured) => formatProgram(choicesOf(configured)) } },
  handlersFor: ({ list }) =>
    Object.fromEntries(list.map(({ text }, i) => [`pattern${i}`, { read: () => text, ...swapOnly }])),
})
