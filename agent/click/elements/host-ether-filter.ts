import { formatEtherAddress } from '../../../click/arguments/addresses.ts'
import { hostEtherFilter as of } from '../../../click/elements/host-ether-filter.ts'
import { jne, jne32, jset, jump, label, ldx, mov, st, stx } from '../../ebpf/asm/asm.ts'
import { loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement } from '../compile/element.ts'
import { mostOffset } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { packetType, packetTypeSlot } from '../compile/stack.ts'
import { swapOnly } from '../handlers.ts'

/** A packet without both addresses is dropped. */
export const hostEtherFilter = compileElement(of, {
  compile: ({ values, packet, output, outputLabel, dropLabel, newLabel, refuse }) => {
    const at = packet.offset + values.OFFSET
    if (at > mostOffset) return refuse(`an Ethernet header ${at} bytes into a frame`)
    if (at < 0) return refuse(`an Ethernet header ${-at} bytes before the frame`)
    const reached = reach(packet, values.OFFSET + 12, dropLabel(unreached(packet)), newLabel)
    const dropped = outputLabel(1, unreached(packet))
    const [pass, foreign] = [newLabel('pass'), newLabel('foreign')]
    const unless = (where: number, address: readonly number[], other: string): Code => [
      ldx('u32', 'r0', 'r7', where),
      jne32('r0', loaded(address.slice(0, 4)), other),
      ldx('u16', 'r0', 'r7', where + 4),
      jne('r0', loaded(address.slice(4)), other),
    ]
    const test = (address: readonly number[], type: number): Code => {
      const other = newLabel('other')
      return [unless(at, address, other), mov('r1', type), jump(pass), label(other)]
    }
    const notOwn = newLabel('not_own')
    return [
      reached.code,
      values.DROP_OWN ? [unless(at + 6, values.ETHER, notOwn), jump(dropped), label(notOwn)] : [],
      test(values.ETHER, packetType.host),
      test([255, 255, 255, 255, 255, 255], packetType.broadcast),
      ldx('u8', 'r0', 'r7', at),
      mov('r1', packetType.multicast),
      jset('r0', 1, pass),
      st('u64', 'r10', packetTypeSlot, packetType.otherHost),
      jump(values.DROP_OTHER ? dropped : foreign),
      label(pass),
      stx('u64', 'r10', packetTypeSlot, 'r1'),
      label(foreign),
      output(0, reached.packet),
    ]
  },
  modifies: false,
  takesTag: ({ values }) => values.OFFSET === 0,
  handlers: { ether: { read: (_, { values }) => formatEtherAddress(values.ETHER), ...swapOnly } },
})
