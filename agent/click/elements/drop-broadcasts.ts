import { dropBroadcasts as of } from '../../../click/elements/drop-broadcasts.ts'
import { jeq, jump, label, ldx } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { packetType, packetTypeSlot } from '../compile/stack.ts'
import { countIn } from '../compile/state.ts'
import { readSlot } from '../handlers.ts'

export const dropBroadcasts = compileElement(of, {
  slots: () => ({ drops: 0n }),
  compile: ({ packet, output, outputLabel, newLabel, slot }) => {
    const dropped = newLabel('dropped')
    return [
      ldx('u64', 'r0', 'r10', packetTypeSlot),
      jeq('r0', packetType.broadcast, dropped),
      jeq('r0', packetType.multicast, dropped),
      output(0, packet),
      label(dropped),
      countIn(slot('drops')),
      jump(outputLabel(1, packet)),
    ]
  },
  modifies: false,
  takesTag: true,
  handlers: { drops: readSlot('drops') },
})
