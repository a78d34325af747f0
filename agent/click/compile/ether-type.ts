/** What the kernel takes a frame for. */
import { call, jne, jump, label, ldx, mov } from '../../ebpf/asm/asm.ts'
import { loaded } from './bytes.ts'
import type { Code } from './code.ts'
import { type NewLabel, type Packet, reload, skb } from './packet.ts'

const typeAt = 12
const vlan = loaded([0x81, 0])

/**
 * Has the kernel take the frame at the context in r6 for what its first Ethernet header says: its notes are of what came. No call sets them, but
 * taking off a VLAN tag that is in the frame does: two tags are put on, of which the first goes into the frame when the second comes, and taken off
 * again. Moves the frame. Goes to `failed` where the kernel has no memory; loses r0 to r5.
 */
export const noteType = (failed: string): Code => {
  const put: Code = [mov('r1', 'r6'), mov('r2', vlan), mov('r3', 1), call('skbVlanPush'), jne('r0', 0, failed)]
  const take: Code = [mov('r1', 'r6'), call('skbVlanPop'), jne('r0', 0, failed)]
  return [put, put, take, take]
}

/** The same where it does not yet take it for that; the header is reachable before, nothing after. */
export const noteEtherType = (packet: Packet, failed: string, newLabel: NewLabel): Code => {
  const noted = newLabel('noted')
  const other = newLabel('other_type')
  return [
    ldx('u16', 'r0', 'r7', typeAt),
    ldx('u32', 'r1', 'r6', skb.protocol),
    jne('r0', 'r1', other),
    jump(noted),
    label(other),
    noteType(failed),
    reload(packet),
    jump(noted),
    label(noted),
  ]
}
