import { signed } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { switchElement as of } from '../../../click/elements/switch.ts'
import { jeq } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { loadSlot } from '../compile/state.ts'
import { type ElementState, HandlerError } from '../handlers.ts'
import { portsOf } from './ports.ts'

const read = ({ get }: ElementState): string => BigInt.asIntN(64, get('switch')).toString()

export const switchElement = compileElement(of, {
  slots: ({ values }) => ({ switch: BigInt(values.OUTPUT) }),
  settings: ['switch'],
  compile: ({ packet, outputs, outputLabel, drop, slot }) => [
    loadSlot('r0', slot('switch')),
    portsOf(outputs).map((port) => jeq('r0', port, outputLabel(port, packet))),
    drop(packet),
  ],
  modifies: false,
  takesTag: true,
  handlers: {
    switch: {
      read,
      // An output that there is not is none, as in Click.
      write: ({ set }, text, outputs) => {
        const output = signed.parse(text)
        if (isRefusal(output)) throw new HandlerError('Switch output must be integer')
        set('switch', BigInt(output >= outputs ? -1 : output))
      },
    },
    config: { read },
  },
})
