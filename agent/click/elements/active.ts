/** What DecIPTTL and Discard share: ACTIVE, which a handler may change. */
import { boolean } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { type ElementState, HandlerError } from '../handlers.ts'

export const activeSlot = ({ ACTIVE }: { readonly ACTIVE: boolean }) => ({ active: ACTIVE ? 1n : 0n })

export const activeHandler = {
  active: {
    read: ({ get }: ElementState): string => (get('active') === 0n ? 'false' : 'true'),
    write: ({ set }: ElementState, text: string): void => {
      const active = boolean.parse(text)
      if (isRefusal(active)) throw new HandlerError(active.refused)
      set('active', active ? 1n : 0n)
    },
  },
} as const
