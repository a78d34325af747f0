/**
 * The programs around a router that is run on captured packets: one that sends a frame into an interface as if it came from a wire, one that
 * notes what leaves an interface, and one that notes that all before it is done. They know their frames by a mark.
 */
import {
  add,
  atomicAdd,
  atomicFetchAdd,
  call,
  exit,
  jeq,
  jge,
  jgt,
  jlt,
  jne,
  jne32,
  label,
  ldMapFd,
  ldMapValue,
  ldx,
  mov,
  mov32,
  type Program,
  stx,
} from '../../ebpf/asm/asm.ts'
import type { MapSpec } from '../../ebpf/map-spec.ts'

/** More than the kernel makes of a packet in one piece for such a program (SKB_MAX_ALLOC) would not arrive. */
export const mostFrameBytes = 16_000
/** How many frames may leave because of one that came. */
export const mostFrames = 512

/** 'weft', on frames that were sent in. */
const mark = 0x7766_6574
const skb = { length: 0, mark: 8, ifindex: 40 } as const
/** BPF_F_INGRESS */
const ingress = 1
const act = { pass: 0, drop: 2 } as const

/** u32 interface, u32 length, u32 interface of the barrier, padding; then the frame. */
export const requestHeader = 16
/** u32 interface, u32 length; then the frame. */
export const noteHeader = 8

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
  mov('r3', ingress),
  call('cloneRedirect'),
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

/** At the egress of an interface: notes a marked frame, which goes no further. */
export const noter: Program = [
  mov('r6', 'r1'),
  ldx('u32', 'r1', 'r6', skb.mark),
  jne32('r1', mark, 'pass'),
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
  ldx('u32', 'r8', 'r6', skb.length),
  stx('u32', 'r0', 4, 'r8'),
  ldx('u32', 'r1', 'r6', skb.ifindex),
  stx('u32', 'r0', 0, 'r1'),
  jlt('r8', 1, 'drop'),
  jgt('r8', mostFrameBytes, 'drop'),
  mov('r1', 'r6'),
  mov('r2', 0),
  mov('r3', 'r0'),
  add('r3', noteHeader),
  mov('r4', 'r8'),
  call('skbLoadBytes'),
  label('drop'),
  mov('r0', act.drop),
  exit(),
  label('pass'),
  mov('r0', act.pass),
  exit(),
]

/** At the ingress of the barrier's interface. */
export const barrier: Program = [
  ldx('u32', 'r1', 'r1', skb.mark),
  jne32('r1', mark, 'drop'),
  ldMapValue('r1', 'progress'),
  mov('r2', 1),
  atomicAdd('u64', 'r1', 8, 'r2'),
  label('drop'),
  mov('r0', act.drop),
  exit(),
]
