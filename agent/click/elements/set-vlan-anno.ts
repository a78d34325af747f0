import { setVlanAnno as of } from '../../../click/elements/set-vlan-anno.ts'
import { st } from '../../ebpf/asm/asm.ts'
import { bytes16, loaded } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { swapOnly } from '../handlers.ts'

interface Tag {
  readonly VLAN_TCI: number | undefined
  readonly VLAN_ID: number
  readonly VLAN_PCP: number
}

const tagOf = ({ VLAN_TCI, VLAN_ID, VLAN_PCP }: Tag): number => (VLAN_TCI ?? VLAN_ID) | (VLAN_PCP << 13)

export const setVlanAnno = compileElement(of, {
  compile: ({ values, packet, output }) => [
    st('u16', 'r10', annotationSlot(20), loaded(bytes16(tagOf(values)))),
    output(0, packet),
  ],
  modifies: false,
  takesTag: true,
  handlers: {
    vlan_tci: { read: (_, { values }) => `${tagOf(values)}`, ...swapOnly },
    vlan_id: { read: (_, { values }) => `${tagOf(values) & 0xfff}`, ...swapOnly },
    vlan_pcp: { read: (_, { values }) => `${tagOf(values) >> 13}`, ...swapOnly },
  },
})
