import { tee as of } from '../../../click/elements/tee.ts'
import { compileElement } from '../compile/element.ts'
import { portsOf } from './ports.ts'

export const tee = compileElement(of, {
  compile: ({ packet, outputs, copy }) => copy(portsOf(outputs), packet),
  modifies: false,
  resizes: true,
})
