import { strip as of } from '../../../click/elements/strip.ts'
import { compileElement } from '../compile/element.ts'
import { mostOffset, pullFront } from '../compile/geometry.ts'

export const strip = compileElement(of, {
  compile: (site) => {
    const { values, packet, output, refuse } = site
    if (packet.offset + values.LENGTH > mostOffset) return refuse(`more than ${mostOffset} bytes before a packet`)
    const pulled = pullFront(site, values.LENGTH)
    return [pulled.code, output(0, pulled.packet)]
  },
  modifies: true,
})
