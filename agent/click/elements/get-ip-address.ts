import { getIpAddress as of } from '../../../click/elements/get-ip-address.ts'
import { label, ldx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { mostOffset } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { storeWordAnnotation } from '../compile/stack.ts'
import { networkHeader } from './network-header.ts'

/** A packet that ends before keeps the annotation that it has; Click would read what is behind it. */
export const getIpAddress = compileElement(of, {
  compile: (site) => {
    const { values, packet, output, newLabel, refuse } = site
    const at =
      values.IP === undefined
        ? packet.offset + (values.OFFSET ?? 0)
        : networkHeader(site) + (values.IP === 'src' ? 12 : 16)
    if (at + 4 > mostOffset) return refuse(`an address ${at} bytes into a frame`)
    const short = newLabel('short')
    const reached = reach(packet, at + 4 - packet.offset, short, newLabel)
    const set = [ldx('u32', 'r0', 'r7', at), storeWordAnnotation(values.ANNO)]
    if (reached.code.length === 0) return [set, output(0, packet)]
    return [reached.code, set, label(short), output(0, unreached(packet))]
  },
  modifies: false,
})
