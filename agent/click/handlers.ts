/** Handlers of compiled elements: functions of their state. */
import type { BpfMap } from '../ebpf/map.ts'
import type { Room } from './compile/element.ts'

/** The slots of one element in the router's state and the maps of its own, by name. */
export interface ElementState {
  readonly get: (slot: string) => bigint
  readonly set: (slot: string, value: bigint) => void
  readonly map: (name: string) => BpfMap
}

/** A text that a handler does not take; Click's words. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError'
}

/** There is no room for what was written; a router compiled with `room` for the element, and its state carried over, would take it. */
export class Full extends HandlerError {
  readonly room: Room

  constructor(message: string, room: Room) {
    super(message)
    this.room = room
  }
}

export interface Handler<Configured> {
  readonly read?: (state: ElementState, configured: Configured) => string
  /** In place of `read`: what is read depends on a text (`lookup 10.0.0.1`). Throws HandlerError. */
  readonly query?: (state: ElementState, text: string, configured: Configured) => string
  /** Throws HandlerError. `outputs`: how many output ports are connected. */
  readonly write?: (state: ElementState, text: string, outputs: number, configured: Configured) => void
}

export type HandlerTable<Configured> = Readonly<Record<string, Handler<Configured>>>

export const readSlot = (slot: string) => ({ read: ({ get }: ElementState): string => get(slot).toString() })

export const clearSlots = (...slots: readonly string[]) => ({
  write: ({ set }: ElementState): void => {
    for (const slot of slots) set(slot, 0n)
  },
})

/** Of an argument that is written into the programs as a constant, where a look at a slot would cost each packet. */
export const swapOnly = {
  write: (): never => {
    throw new HandlerError('part of the program: change it in the configuration and swap that in')
  },
} as const
