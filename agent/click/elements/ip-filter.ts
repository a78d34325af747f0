import { ipFilter as of } from '../../../click/elements/ip-filter.ts'
import { sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'

export const ipFilter = compileElement(of, {
  compile: (site) => {
    const rules = site.list.map(({ decision, action }) => ({ decision, port: action === 'drop' ? undefined : action }))
    return sort(site, rules)
  },
  modifies: false,
})
