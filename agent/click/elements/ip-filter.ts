import { ipFilter as of } from '../../../click/elements/ip-filter.ts'
import type { Rule } from '../../../click/filters/rules.ts'
import { sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'
import { formatProgram } from './program-text.ts'

const choicesOf = ({ list }: { readonly list: readonly Rule[] }) =>
  list.map(({ decision, action }) => ({ decision, port: action === 'drop' ? undefined : action }))

export const ipFilter = compileElement(of, {
  compile: (site) => sort(site, choicesOf(site)),
  readsMac: true,
  modifies: false,
  handlers: { program: { read: (_, configured) => formatProgram(choicesOf(configured)) } },
})
