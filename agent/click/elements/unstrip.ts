/** Unstrip: gives back bytes that Strip took. What was never part of the frame is not supported. */
import { unstrip as of } from '../../../click/elements/unstrip.ts'
import { compileElement } from '../compile/element.ts'

export const unstrip = compileElement(of, {
  compile: ({ values: { LENGTH }, packet, output, refuse }) =>
    LENGTH <= packet.offset
      ? output(0, { ...packet, offset: packet.offset - LENGTH })
      : refuse(`${LENGTH - packet.offset} bytes before the frame`),
  modifies: true,
})
