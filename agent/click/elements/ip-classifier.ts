import { ipClassifier as of } from '../../../click/elements/ip-classifier.ts'
import { sort } from '../compile/decisions.ts'
import { compileElement } from '../compile/element.ts'

export const ipClassifier = compileElement(of, {
  compile: (site) =>
    sort(
      site,
      site.list.map(({ decision }, port) => ({ decision, port })),
    ),
  modifies: false,
})
