import { vlanEncap as of } from '../../../click/elements/vlan-encap.ts'
import { and, be, call, jeq, jne, label, ldx, mov, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, copyBytes, loaded, writeBytes } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { reach, reload, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { addressBytes, isTagType, liftTag, tagBytes } from '../compile/tags.ts'
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

type Place = Pick<Site, 'packet' | 'output' | 'dropLabel' | 'newLabel'>

/**
 * By the kernel, which puts a tag that is beside the frame already into it, and makes segments with both. The packet is a whole frame; `setTag` sets
 * r3 to the tag.
 */
const pushTag = ({ packet, output, dropLabel, newLabel }: Place, type: number, setTag: Code): Code => {
  const failed = dropLabel(unreached(packet))
  const reached = reach(packet, addressBytes, failed, newLabel)
  const { code: lift, packet: whole } = liftTag(reached.packet, failed, newLabel)
  const network = whole.network === undefined ? undefined : whole.network + tagBytes
  return [
    reached.code,
    lift,
    mov('r1', 'r6'),
    mov('r2', loaded(bytes16(type))),
    setTag,
    call('skbVlanPush'),
    reload(packet),
    jne('r0', 0, failed),
    output(0, { ...unreached(whole), tagBeside: true, network, mac: 0 }),
  ]
}

/** Into the frame; `write` writes the tag at the place that it is given. */
const writeTag = ({ packet, output, dropLabel, newLabel }: Place, type: number, write: (at: number) => Code): Code => {
  const pushed = pushFront(packet, tagBytes, dropLabel(unreached(packet)))
  const reached = reach(pushed.packet, 16, dropLabel(unreached(pushed.packet)), newLabel)
  const at = pushed.packet.offset
  return [
    pushed.code,
    reached.code,
    copyBytes(at, at + 4, 12),
    writeBytes(at + 12, bytes16(type)),
    write(at + 14),
    output(0, { ...reached.packet, mac: at }),
  ]
}

/** A packet without both addresses is dropped. */
export const vlanEncap = compileElement(of, {
  compile: (site) => {
    const { values, packet, isCopy, output, newLabel } = site
    const { NATIVE_VLAN, ETHERTYPE } = values
    const tci = tagOf(values)
    const byKernel = packet.hook === 'tc' && !isCopy && packet.offset === 0 && isTagType(ETHERTYPE)
    const native = output(0, { ...packet, mac: packet.offset })
    if (tci !== 'ANNO') {
      if ((tci & 0xfff) === NATIVE_VLAN) return native
      return byKernel
        ? pushTag(site, ETHERTYPE, [mov('r3', tci)])
        : writeTag(site, ETHERTYPE, (at) => writeBytes(at, bytes16(tci)))
    }
    const encap = byKernel
      ? pushTag(site, ETHERTYPE, [ldx('u16', 'r3', 'r10', tag), be('r3', 16)])
      : writeTag(site, ETHERTYPE, (at) => [ldx('u16', 'r0', 'r10', tag), stx('u16', 'r7', at, 'r0')])
    if (NATIVE_VLAN < 0) return encap
    const untagged = newLabel('native')
    return [
      ldx('u16', 'r0', 'r10', tag),
      and('r0', loaded(bytes16(0xfff))),
      jeq('r0', loaded(bytes16(NATIVE_VLAN)), untagged),
      encap,
      label(untagged),
      native,
    ]
  },
  modifies: true,
  takesTag: ({ values }) => isTagType(values.ETHERTYPE),
  handlers: {
    vlan_tci: { read: (_, { values }) => `${tagOf(values)}`, ...swapOnly },
    vlan_id: { read: (_, { values }) => `${idOf(values)}`, ...swapOnly },
    vlan_pcp: { read: (_, { values }) => `${priorityOf(values)}`, ...swapOnly },
    native_vlan: { read: (_, { values }) => `${values.NATIVE_VLAN}`, ...swapOnly },
    ethertype: { read: (_, { values }) => `${values.ETHERTYPE}`, ...swapOnly },
  },
})
