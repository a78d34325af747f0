/** What Paint, CheckPaint and PaintTee share: COLOR, which a handler may change. */
import { byte } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import type { Slots } from '../compile/element.ts'
import { type ElementState, HandlerError, readSlot } from '../handlers.ts'

export const colorSlots = ({ values }: { readonly values: { readonly COLOR: number } }): Slots => ({
  color: BigInt(values.COLOR),
})

export const colorHandlers = {
  color: {
    ...readSlot('color'),
    write: ({ set }: ElementState, text: string): void => {
      const color = byte.parse(text)
      if (isRefusal(color)) throw new HandlerError(color.refused)
      set('color', BigInt(color))
    },
  },
} as const
