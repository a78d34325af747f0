import { vxlanDecap as of } from '../../../click/elements/vxlan-decap.ts'
import { and, jne32, jset, jump, label, ldx } from '../../ebpf/asm/asm.ts'
import { bytes16, loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { unreached } from '../compile/packet.ts'
import { ipBytes } from './tunnel/ip-header.ts'
import { etherBytes, expectOuter, protocols, within } from './tunnel/outer.ts'

const bytes = ipBytes + 16

export const vxlanDecap = compileElement(of, {
  compile: (site) => {
    const { values, packet, output, outputLabel, newLabel } = site
    const { VNI, DPORT } = values
    const other = outputLabel(1, unreached(packet))
    const [valid, known] = [newLabel('valid'), newLabel('known')]
    const outer = expectOuter(site, protocols.udp, bytes + etherBytes, other)
    const at = packet.offset + ipBytes
    const vni = VNI === undefined ? undefined : loaded([(VNI >>> 16) & 255, (VNI >>> 8) & 255, VNI & 255])
    return [
      outer.code,
      ldx('u16', 'r0', 'r7', at + 2),
      jne32('r0', loaded(bytes16(DPORT)), other),
      ldx('u8', 'r0', 'r7', at + 8),
      jset('r0', 0x08, valid),
      jump(other),
      label(valid),
      vni === undefined ? [] : [ldx('u32', 'r0', 'r7', at + 12), and('r0', 0xff_ffff), jne32('r0', vni, other)],
      jump(known),
      label(known),
      output(0, within(outer.packet, bytes, 'ethernet')),
    ]
  },
  modifies: true,
})
