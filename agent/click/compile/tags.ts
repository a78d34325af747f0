/**
 * VLAN tags. The kernel holds the outermost tag of a frame beside it, where devices put it into the frame for themselves; on the wire, and in
 * Click, it stands behind the addresses. Elements that look at no more than the addresses take a packet with its tag beside it (`takesTag`), and so
 * keep what the kernel knows of its headers; before others the tag is put into the frame.
 */
import { add, be, call, jeq, jlt32, jne, jump, label, ldx, lsh, mov, type Register, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, loaded } from './bytes.ts'
import type { Code } from './code.ts'
import { noteType } from './ether-type.ts'
import { countGrown, type Moved } from './geometry.ts'
import { loadFrameLength, type NewLabel, type Packet, reach, reload, skb, unreached } from './packet.ts'
import { scratch } from './stack.ts'

/** A packet with more tags than this, all of which have to stand in the frame, is dropped. */
const mostTags = 4

export const tagBytes = 4 as const
/** The two addresses of a frame, behind which tags stand. */
export const addressBytes = 12
const etherBytes = 14

/** What a frame with a tag has for its type: of a customer (IEEE 802.1Q), and of a service (802.1ad). */
export const tagTypes = { customer: 0x8100, service: 0x88a8 } as const
export const isTagType = (type: number): boolean => type === tagTypes.customer || type === tagTypes.service

const tagTypesLoaded = Object.values(tagTypes).map((type) => loaded(bytes16(type)))

/** Where a register has the type of a frame, as loaded, and that is the one of a tag. */
export const jumpIfTagged = (type: Register, target: string): Code =>
  tagTypesLoaded.map((each) => jeq(type, each, target))

/** Values of `skb.moved` but 1: the frame is as it came, or but for its tags, which are in it now. */
const asItCame = 0
const asItCameButTags = 2

/** Adds the bytes of a tag that is beside the frame to a length; loses r1. */
export const addTagBytes = (to: Register, { tagBeside }: Pick<Packet, 'tagBeside'>): Code =>
  tagBeside ? [ldx('u32', 'r1', 'r6', skb.vlanPresent), lsh('r1', Math.log2(tagBytes)), add(to, 'r1')] : []

/** What is known of `skb.moved` before: nothing; that the frame is as it came; that nobody asks. */
type KnownMoved = 'nothing' | 'as it came' | 'unread'

/**
 * Puts the VLAN tags that the kernel holds beside the frame into it. Taking one makes the kernel take the next one off the frame, so they are all
 * taken first. Goes to `failed` where the kernel has no memory; loses r0 to r5.
 */
export const insertTags = (
  packet: Packet,
  failed: string,
  newLabel: NewLabel,
  moved: KnownMoved = 'nothing',
): Moved => {
  const untagged = newLabel('untagged')
  const written = Array.from({ length: mostTags }, (_, i) => newLabel(`tags_${i + 1}`))
  const take = written.map(
    (write, i): Code => [
      saveTag(scratch.at + tagBytes * i),
      call('skbVlanPop'),
      reload(packet),
      jne('r0', 0, failed),
      ldx('u32', 'r1', 'r6', skb.vlanPresent),
      jeq('r1', 0, write),
    ],
  )
  const write = written.map((at, i): Code => {
    const bytes = tagBytes * (i + 1)
    const addresses = [0, 4, 8].map((k) => [ldx('u32', 'r0', 'r7', bytes + k), stx('u32', 'r7', k, 'r0')])
    const tags = written
      .slice(0, i + 1)
      .map((_, k) => [
        ldx('u32', 'r0', 'r10', scratch.at + tagBytes * k),
        stx('u32', 'r7', addressBytes + tagBytes * k, 'r0'),
      ])
    return [
      label(at),
      mov('r2', bytes),
      countGrown('r2'),
      mov('r1', 'r6'),
      mov('r3', 0),
      call('skbChangeHead'),
      reload(packet),
      jne('r0', 0, failed),
      reach(unreached(packet), bytes + addressBytes, failed, newLabel).code,
      addresses,
      tags,
      jump(untagged),
    ]
  })
  return {
    code: [
      ldx('u32', 'r1', 'r6', skb.vlanPresent),
      jeq('r1', 0, untagged),
      moved === 'unread' ? [] : noteInserted(moved === 'nothing', newLabel),
      take,
      jump(failed),
      write,
      label(untagged),
    ],
    packet: { ...packet, tagBeside: false, reachable: Math.min(packet.reachable, addressBytes + tagBytes) },
  }
}

/** To four bytes of the stack, in the order of the network; then r1 is the context. Loses r1. */
export const saveTag = (at: number): Code => [
  ldx('u32', 'r1', 'r6', skb.vlanProtocol),
  stx('u16', 'r10', at, 'r1'),
  ldx('u32', 'r1', 'r6', skb.vlanTci),
  be('r1', 16),
  stx('u16', 'r10', at + 2, 'r1'),
  mov('r1', 'r6'),
]

const noteInserted = (asks: boolean, newLabel: NewLabel): Code => {
  const noted = newLabel('noted')
  return [
    asks ? [ldx('u32', 'r3', 'r6', skb.moved), jne('r3', asItCame, noted)] : [],
    mov('r3', asItCameButTags),
    stx('u32', 'r6', skb.moved, 'r3'),
    label(noted),
  ]
}

/**
 * Has the kernel take the outermost tag of a whole frame beside it, where there is one: then it knows the frame for what it is, and makes segments
 * of it with all their tags. Nothing is reachable after. `isLast`: nobody asks any more whether the kernel knows where headers begin. Goes to
 * `failed` where it has no memory; loses r0 to r5.
 */
export const liftTag = (packet: Packet, failed: string, newLabel: NewLabel, isLast = false): Moved => {
  const after = { ...unreached(packet), tagBeside: true }
  if (packet.tagBeside || packet.hook === 'xdp') return { code: [], packet }
  const [tagged, done] = [newLabel('tagged'), newLabel('lifted')]
  return {
    code: [
      reach(packet, etherBytes, done, newLabel).code,
      ldx('u16', 'r0', 'r7', addressBytes),
      jumpIfTagged('r0', tagged),
      jump(done),
      label(tagged),
      loadFrameLength('r1', packet),
      // The kernel takes no tag off a frame that ends with it.
      jlt32('r1', etherBytes + tagBytes, done),
      noteType(failed),
      reload(packet),
      isLast ? [] : [ldx('u32', 'r3', 'r6', skb.moved), jne('r3', asItCameButTags, done), noteAsItCame],
      jump(done),
      label(done),
    ],
    packet: after,
  }
}

const noteAsItCame: Code = [mov('r3', asItCame), stx('u32', 'r6', skb.moved, 'r3')]

/** The same where nothing but the tag has been put into the frame since it came: for what goes on only with such frames. */
export const liftInsertedTag = (packet: Packet, failed: string, newLabel: NewLabel): Moved => {
  if (packet.tagBeside || packet.hook === 'xdp') return { code: [], packet }
  const kept = newLabel('kept')
  const lifted = liftTag(packet, failed, newLabel)
  return {
    code: [ldx('u32', 'r0', 'r6', skb.moved), jne('r0', asItCameButTags, kept), lifted.code, jump(kept), label(kept)],
    packet: lifted.packet,
  }
}
