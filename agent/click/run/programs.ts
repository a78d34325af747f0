/**
 * The programs around a router that is run on captured packets: one that sends a frame into an interface as if it came from a wire or from the
 * host, two that note what leaves by an interface and what goes to the host, and one that notes that all before it is done. They know their
 * frames by a mark.
 */
import {
  add,
  atomicAdd,
  atomicFetchAdd,
  be,
  call,
  exit,
  jeq,
  jeq32,
  jge,
  jgt,
  jlt,
  jne,
  jne32,
  jslt,
  label,
  ldMapFd,
  ldMapValue,
  ldx,
  mov,
  mov32,
  type Program,
  stx,
  sub,
} from '../../ebpf/asm/asm.ts'
import type { MapSpec } from '../../ebpf/map-spec.ts'

/** More than the kernel makes of a packet in one piece for such a program (SKB_MAX_ALLOC) would not arrive. */
export const mostFrameBytes = 16_000
/** How many frames may leave because of one that came. */
export const mostFrames = 512

/** 'weft', on frames that were sent in. */
const mark = 0x7766_6574
const skb = { length: 0, mark: 8, vlanPresent: 20, vlanTci: 24, vlanProtocol: 28, ifindex: 40 } as const
/** BPF_F_INGRESS */
const ingress = 1
/** From which side a frame comes into an interface: off the wire, or from the host. */
export const side = { wire: ingress, host: 0 } as const
const act = { pass: 0, drop: 2 } as const

/** u32 interface, u32 length, u32 interface of the barrier, u32 `side`; then the frame. */
export const requestHeader = 16
/** u32 interface, u32 `leaves`; u32 length, padding; then the frame. */
export const noteHeader = 16
/** Where a frame that was noted was going. */
export const leaves = { byDevice: 0, toHost: 1 } as const

const array = { kind: 'array', keyBytes: 4, mappable: true } as const
export const requestMap: MapSpec = { ...array, name: 'request', valueBytes: requestHeader + mostFrameBytes, entries: 1 }
/** u64 how many notes, u64 how many barriers. */
export const progressMap: MapSpec = { ...array, name: 'progress', valueBytes: 16, entries: 1 }
export const notesMap: MapSpec = {
  ...array,
  name: 'notes',
  valueBytes: noteHeader + mostFrameBytes,
  entries: mostFrames,
}

/** Length of the frame that the sender is run on. */
export const carrierBytes = 64

/** Run on a frame of `carrierBytes`: makes it the requested one and sends it, then a barrier behind it in the same queue. */
export const sender: Program = [
  mov('r6', 'r1'),
  ldMapValue('r7', 'request'),
  ldx('u32', 'r8', 'r7', 4),
  mov('r1', 'r6'),
  mov('r2', 'r8'),
  mov('r3', 0),
  call('skbChangeTail'),
  jne('r0', 0, 'end'),
  jlt('r8', 14, 'wrong'),
  jgt('r8', mostFrameBytes, 'wrong'),
  mov('r1', 'r6'),
  mov('r2', 0),
  mov('r3', 'r7'),
  add('r3', requestHeader),
  mov('r4', 'r8'),
  mov('r5', 0),
  call('skbStoreBytes'),
  jne('r0', 0, 'end'),
  mov32('r1', mark),
  stx('u32', 'r6', skb.mark, 'r1'),
  mov('r1', 'r6'),
  ldx('u32', 'r2', 'r7', 0),
  ldx('u32', 'r3', 'r7', 12),
  call('cloneRedirect'),
  // More than 0: a program has dropped it, or redirected it, on its way out.
  jslt('r0', 0, 'end'),
  // The barrier is of no protocol: a frame that ends within its VLAN tag the kernel drops before anything sees it.
  mov('r1', 0),
  stx('u16', 'r10', -2, 'r1'),
  mov('r1', 'r6'),
  mov('r2', 12),
  mov('r3', 'r10'),
  add('r3', -2),
  mov('r4', 2),
  mov('r5', 0),
  call('skbStoreBytes'),
  jne('r0', 0, 'end'),
  mov('r1', 'r6'),
  ldx('u32', 'r2', 'r7', 8),
  mov('r3', ingress),
  call('cloneRedirect'),
  jne('r0', 0, 'end'),
  // What comes back from the run has the length of what was given.
  mov('r1', 'r6'),
  mov('r2', carrierBytes),
  mov('r3', 0),
  call('skbChangeTail'),
  label('end'),
  exit(),
  label('wrong'),
  mov('r0', -1),
  exit(),
]

/** r0 = the next free note, its heading written but for the length; or goes to `drop`. */
const takeNote = (to: (typeof leaves)[keyof typeof leaves]): Program => [
  ldMapValue('r1', 'progress'),
  mov('r7', 1),
  atomicFetchAdd('u64', 'r1', 0, 'r7'),
  jge('r7', mostFrames, 'drop'),
  stx('u32', 'r10', -4, 'r7'),
  ldMapFd('r1', 'notes'),
  mov('r2', 'r10'),
  add('r2', -4),
  call('mapLookupElem'),
  jeq('r0', 0, 'drop'),
  ldx('u32', 'r1', 'r6', skb.ifindex),
  stx('u32', 'r0', 0, 'r1'),
  mov('r1', to),
  stx('u32', 'r0', 4, 'r1'),
]

/** Ethernet addresses, which a VLAN tag stands behind. */
const addressesBytes = 12
const tagBytes = 4

/** Notes the frame, into which the tag is put that is beside it, and lets it go no further. */
const noteFrame = (to: (typeof leaves)[keyof typeof leaves]): Program => [
  ...takeNote(to),
  mov('r9', 'r0'),
  ldx('u32', 'r8', 'r6', skb.length),
  stx('u32', 'r9', 8, 'r8'),
  jlt('r8', addressesBytes + 1, 'drop'),
  jgt('r8', mostFrameBytes - tagBytes, 'drop'),
  mov('r1', 'r6'),
  mov('r2', 0),
  mov('r3', 'r9'),
  add('r3', noteHeader),
  mov('r4', addressesBytes),
  call('skbLoadBytes'),
  mov('r3', 'r9'),
  add('r3', noteHeader + addressesBytes),
  ldx('u32', 'r0', 'r6', skb.vlanPresent),
  jeq('r0', 0, 'rest'),
  ldx('u32', 'r0', 'r6', skb.vlanProtocol),
  stx('u16', 'r3', 0, 'r0'),
  ldx('u32', 'r0', 'r6', skb.vlanTci),
  be('r0', 16),
  stx('u16', 'r3', 2, 'r0'),
  add('r3', tagBytes),
  mov('r0', 'r8'),
  add('r0', tagBytes),
  stx('u32', 'r9', 8, 'r0'),
  label('rest'),
  mov('r1', 'r6'),
  mov('r2', addressesBytes),
  mov('r4', 'r8'),
  sub('r4', addressesBytes),
  jlt('r4', 1, 'drop'),
  jgt('r4', mostFrameBytes - tagBytes - addressesBytes, 'drop'),
  call('skbLoadBytes'),
  label('drop'),
  mov('r0', act.drop),
  exit(),
]

/** At the egress of an interface: notes a marked frame. */
export const noter: Program = [
  mov('r6', 'r1'),
  ldx('u32', 'r1', 'r6', skb.mark),
  jne32('r1', mark, 'pass'),
  ...noteFrame(leaves.byDevice),
  label('pass'),
  mov('r0', act.pass),
  exit(),
]

/** At the ingress of an interface, behind the router's own program: notes what that lets pass to the host. */
export const hostNoter: Program = [mov('r6', 'r1'), ...noteFrame(leaves.toHost)]

/**
 * At the ingress of the barrier's interface. A frame goes by the queue that the barrier came by at most twice, into an interface and to the
 * host; the second time it comes behind the barrier. So the barrier goes round once more before it counts.
 */
export const barrier: Program = [
  mov('r6', 'r1'),
  ldx('u32', 'r1', 'r6', skb.mark),
  jeq('r1', mark + 1, 'count'),
  jne32('r1', mark, 'drop'),
  add('r1', 1),
  stx('u32', 'r6', skb.mark, 'r1'),
  ldx('u32', 'r1', 'r6', skb.ifindex),
  mov('r2', ingress),
  call('redirect'),
  exit(),
  label('count'),
  ldMapValue('r1', 'progress'),
  mov('r2', 1),
  atomicAdd('u64', 'r1', 8, 'r2'),
  label('drop'),
  mov('r0', act.drop),
  exit(),
]

/** Before what takes the host's packets: what the kernel says on an interface by itself (IPv6 multicast reports) is none of the run's. */
export const guard: Program = [
  ldx('u32', 'r1', 'r1', skb.mark),
  // TCX_NEXT, TC_ACT_UNSPEC: on to the next program.
  mov('r0', -1),
  jeq32('r1', mark, 'end'),
  mov('r0', act.drop),
  label('end'),
  exit(),
]
