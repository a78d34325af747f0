import { greDecap as of } from '../../../click/elements/gre-decap.ts'
import { jne32, ldx } from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { unreached } from '../compile/packet.ts'
import { greHeader } from './tunnel/gre.ts'
import { ipBytes } from './tunnel/ip-header.ts'
import { etherBytes, expectOuter, protocols, within } from './tunnel/outer.ts'

/** Whatever else is in the first two bytes (flags of RFC 1701, the version) is not known. */
export const greDecap = compileElement(of, {
  compile: (site) => {
    const { values, packet, output, outputLabel } = site
    const { KEY, PROTOCOL } = values
    const carries = PROTOCOL === greHeader.ethernet ? 'ethernet' : 'ip'
    const bytes = ipBytes + greHeader.bytes + (KEY === undefined ? 0 : greHeader.keyBytes)
    const other = outputLabel(1, unreached(packet))
    const outer = expectOuter(site, protocols.gre, bytes + (carries === 'ethernet' ? etherBytes : 0), other)
    const at = packet.offset + ipBytes
    const first = [...bytes16(KEY === undefined ? 0 : greHeader.key), ...bytes16(PROTOCOL)]
    return [
      outer.code,
      ldx('u32', 'r0', 'r7', at),
      jne32('r0', loaded(first), other),
      KEY === undefined ? [] : [ldx('u32', 'r0', 'r7', at + greHeader.bytes), jne32('r0', loaded(bytes32(KEY)), other)],
      output(0, within(outer.packet, bytes, carries)),
    ]
  },
  modifies: true,
})
