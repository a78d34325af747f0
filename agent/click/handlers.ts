/** Handlers of compiled elements: functions of the slots of their state. */

/** The slots of one element in the router's state, by name. */
export interface SlotAccess {
  readonly get: (slot: string) => bigint
  readonly set: (slot: string, value: bigint) => void
}

/** A text that a handler does not take; Click's words. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError'
}

export interface Handler<Configured> {
  readonly read?: (slots: SlotAccess, configured: Configured) => string
  /** Throws HandlerError. `outputs`: how many output ports are connected. */
  readonly write?: (slots: SlotAccess, text: string, outputs: number) => void
}

export type HandlerTable<Configured> = Readonly<Record<string, Handler<Configured>>>

export const readSlot = (slot: string) => ({ read: ({ get }: SlotAccess): string => get(slot).toString() })

export const clearSlots = (...slots: readonly string[]) => ({
  write: ({ set }: SlotAccess): void => {
    for (const slot of slots) set(slot, 0n)
  },
})
