import { setVlanAnno as of } from '../../../click/elements/set-vlan-anno.ts'
import { st } from '../../ebpf/asm/asm.ts'
import { bytes16, loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'

export const setVlanAnno = compileElement(of, {
  compile: ({ values: { VLAN_TCI, VLAN_ID, VLAN_PCP }, packet, output }) => [
    st('u16', 'r10', annotationSlot(20), loaded(bytes16((VLAN_TCI ?? VLAN_ID) | (VLAN_PCP << 13)))),
    output(0, packet),
  ],
  modifies: false,
})
