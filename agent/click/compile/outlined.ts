/**
 * Functions that hold the code of an element which few packets come to. They are global to the verifier, which goes through each of them once. They
 * take the packet's annotations and give them back, with the number of the way that the packet goes on by; 0: none.
 */
import { add, callFunction, exit, globalFunction, jne, label, ldx, mov, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import { type Packet, reload } from './packet.ts'
import { annotationBytes, controlSlot, packetTypeSlot, restoreAnnotations, saveAnnotations } from './stack.ts'

/** Where the caller's annotations are: such a function has no control block. */
const callerSlot = controlSlot

export const callOutlined = (name: string, packet: Packet): Code => [
  mov('r1', 'r6'),
  mov('r2', 'r10'),
  add('r2', packetTypeSlot),
  callFunction(name),
  reload(packet),
]

export const enterOutlined = (name: string, packet: Packet): Code => [
  globalFunction(name, [packet.hook === 'tc' ? 'skb' : 'xdp', { bytes: annotationBytes }]),
  mov('r6', 'r1'),
  jne('r2', 0, `${name}:begin`),
  mov('r0', 0),
  exit(),
  label(`${name}:begin`),
  stx('u64', 'r10', callerSlot, 'r2'),
  restoreAnnotations('r2', 0),
  reload(packet),
]

export const leaveOutlined = (way: number): Code => [
  ldx('u64', 'r1', 'r10', callerSlot),
  saveAnnotations('r1', 0),
  mov('r0', way),
  exit(),
]
