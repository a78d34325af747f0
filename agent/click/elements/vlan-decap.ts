import { vlanDecap as of } from '../../../click/elements/vlan-decap.ts'
import { be, call, jeq, jne, jump, label, ldx, mov, st, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, copyBytes, loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { reach, reload, skb, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { insertTags, isTagType, liftTag } from '../compile/tags.ts'

const tag = annotationSlot(20)

interface Kept {
  readonly ETHERTYPE: number
  readonly ANNO: boolean
}

type Place = Pick<Site, 'packet' | 'output' | 'dropLabel' | 'newLabel'>

/** By the kernel: what is to be segmented stays so. The packet is a whole frame. */
const popTag = ({ packet, output, dropLabel, newLabel }: Place, { ETHERTYPE, ANNO }: Kept): Code => {
  const failed = dropLabel(unreached(packet))
  const { code: lift, packet: whole } = liftTag(packet, failed, newLabel)
  const [untagged, done] = [newLabel('untagged'), newLabel('done')]
  return [
    lift,
    ldx('u32', 'r0', 'r6', skb.vlanPresent),
    jeq('r0', 0, untagged),
    ldx('u32', 'r0', 'r6', skb.vlanProtocol),
    jne('r0', loaded(bytes16(ETHERTYPE)), untagged),
    ANNO ? [ldx('u32', 'r0', 'r6', skb.vlanTci), be('r0', 16), stx('u16', 'r10', tag, 'r0')] : [],
    mov('r1', 'r6'),
    call('skbVlanPop'),
    reload(packet),
    jne('r0', 0, failed),
    jump(done),
    label(untagged),
    ANNO ? st('u16', 'r10', tag, 0) : [],
    jump(done),
    label(done),
    output(0, { ...unreached(whole), mac: 0 }),
  ]
}

/** Out of the frame. */
const cutTag = ({ packet, output, newLabel }: Place, { ETHERTYPE, ANNO }: Kept): Code => {
  const untagged = newLabel('untagged')
  const reached = reach(packet, 16, untagged, newLabel)
  const at = packet.offset
  return [
    reached.code,
    ldx('u16', 'r0', 'r7', at + 12),
    jne('r0', loaded(bytes16(ETHERTYPE)), untagged),
    ANNO ? [ldx('u16', 'r0', 'r7', at + 14), stx('u16', 'r10', tag, 'r0')] : [],
    // From the end, as they overlap.
    [8, 4, 0].map((k) => copyBytes(at + 4 + k, at + k, 4)),
    output(0, { ...reached.packet, offset: at + 4, mac: at + 4 }),
    label(untagged),
    ANNO ? st('u16', 'r10', tag, 0) : [],
    output(0, { ...unreached(packet), mac: at }),
  ]
}

/** A packet that ends within the tag has none. Where a network header is known, its place must not depend on whether there was a tag. */
export const vlanDecap = compileElement(of, {
  compile: (site) => {
    const { values, packet, isCopy, dropLabel, newLabel } = site
    const isWhole = packet.hook === 'tc' && !isCopy && packet.offset === 0 && isTagType(values.ETHERTYPE)
    if (isWhole && packet.network === undefined) return popTag(site, values)
    const inserted = packet.tagBeside ? insertTags(packet, dropLabel(packet), newLabel) : { code: [], packet }
    return [inserted.code, cutTag({ ...site, packet: inserted.packet }, values)]
  },
  modifies: true,
  takesTag: ({ values }) => isTagType(values.ETHERTYPE),
})
