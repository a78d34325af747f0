import { formatIpAddress, readIpAddress } from '../../../click/arguments/addresses.ts'
import { setIpAddress as of } from '../../../click/elements/set-ip-address.ts'
import { be } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { storeWordAnnotation } from '../compile/stack.ts'
import { loadSlot } from '../compile/state.ts'
import { HandlerError } from '../handlers.ts'

export const setIpAddress = compileElement(of, {
  slots: ({ values }) => ({ addr: BigInt(values.IPADDR) }),
  settings: ['addr'],
  compile: ({ values, packet, output, slot }) => [
    loadSlot('r0', slot('addr')),
    be('r0', 32),
    storeWordAnnotation(values.ANNO),
    output(0, packet),
  ],
  modifies: false,
  handlers: {
    addr: {
      read: ({ get }) => formatIpAddress(Number(get('addr'))),
      write: ({ set }, text) => {
        const address = readIpAddress(text)
        if (address === undefined) throw new HandlerError('parse error')
        set('addr', BigInt(address))
      },
    },
  },
})
