import { idle as of } from '../../../click/elements/idle.ts'
import { compileElement } from '../compile/element.ts'

export const idle = compileElement(of, {
  compile: ({ packet, drop }) => drop(packet),
  modifies: false,
  takesTag: true,
})
