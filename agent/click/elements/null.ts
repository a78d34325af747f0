import { nullElement as of } from '../../../click/elements/null.ts'
import { compileElement } from '../compile/element.ts'

export const nullElement = compileElement(of, {
  compile: ({ packet, output }) => output(0, packet),
  modifies: false,
  takesTag: true,
})
