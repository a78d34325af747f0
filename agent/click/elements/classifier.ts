import { classifier as of } from '../../../click/elements/classifier.ts'
import { sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'

export const classifier = compileElement(of, {
  compile: (site) =>
    sort(
      site,
      site.list.map(({ decision }, port) => ({ decision, port })),
    ),
  modifies: false,
})
