import { staticSwitch as of } from '../../../click/elements/static-switch.ts'
import { compileElement } from '../compile/element.ts'

export const staticSwitch = compileElement(of, {
  compile: ({ values: { OUTPUT }, packet, outputs, output, drop }) =>
    OUTPUT >= 0 && OUTPUT < outputs ? output(OUTPUT, packet) : drop(packet),
  modifies: false,
  takesTag: true,
})
