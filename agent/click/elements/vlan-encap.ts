import { vlanEncap as of } from '../../../click/elements/vlan-encap.ts'
import { and, jeq, label, ldx, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, copyBytes, loaded, writeBytes } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { swapOnly } from '../handlers.ts'

/** The VLAN annotation, as on the wire. */
const tag = annotationSlot(20)

interface Tag {
  readonly VLAN_TCI: number | 'ANNO' | undefined
  readonly VLAN_ID: number
  readonly VLAN_PCP: number
}

const tagOf = ({ VLAN_TCI, VLAN_ID, VLAN_PCP }: Tag): number | 'ANNO' =>
  VLAN_TCI === 'ANNO' ? VLAN_TCI : (VLAN_TCI ?? VLAN_ID) | (VLAN_PCP << 13)

/** What the arguments say; the annotation may say something else. */
const idOf = (values: Tag): number => {
  const tag = tagOf(values)
  return tag === 'ANNO' ? values.VLAN_ID : tag & 0xfff
}

const priorityOf = (values: Tag): number => {
  const tag = tagOf(values)
  return tag === 'ANNO' ? values.VLAN_PCP : tag >> 13
}

/** A packet without both addresses is dropped. */
export const vlanEncap = compileElement(of, {
  compile: ({ values, packet, output, dropLabel, newLabel }) => {
    const { NATIVE_VLAN, ETHERTYPE } = values
    const tci = tagOf(values)
    const pushed = pushFront(packet, 4, dropLabel(unreached(packet)))
    const reached = reach(pushed.packet, 16, dropLabel(unreached(pushed.packet)), newLabel)
    const at = pushed.packet.offset
    const encap = (write: Code): Code => [
      pushed.code,
      reached.code,
      copyBytes(at, at + 4, 12),
      writeBytes(at + 12, bytes16(ETHERTYPE)),
      write,
      output(0, { ...reached.packet, mac: at }),
    ]
    const native = output(0, { ...packet, mac: packet.offset })
    if (tci !== 'ANNO') {
      return (tci & 0xfff) === NATIVE_VLAN ? native : encap(writeBytes(at + 14, bytes16(tci)))
    }
    const untagged = newLabel('native')
    const write = encap([ldx('u16', 'r0', 'r10', tag), stx('u16', 'r7', at + 14, 'r0')])
    if (NATIVE_VLAN < 0) return write
    return [
      ldx('u16', 'r0', 'r10', tag),
      and('r0', loaded(bytes16(0xfff))),
      jeq('r0', loaded(bytes16(NATIVE_VLAN)), untagged),
      write,
      label(untagged),
      native,
    ]
  },
  modifies: true,
  handlers: {
    vlan_tci: { read: (_, { values }) => `${tagOf(values)}`, ...swapOnly },
    vlan_id: { read: (_, { values }) => `${idOf(values)}`, ...swapOnly },
    vlan_pcp: { read: (_, { values }) => `${priorityOf(values)}`, ...swapOnly },
    native_vlan: { read: (_, { values }) => `${values.NATIVE_VLAN}`, ...swapOnly },
    ethertype: { read: (_, { values }) => `${values.ETHERTYPE}`, ...swapOnly },
  },
})
