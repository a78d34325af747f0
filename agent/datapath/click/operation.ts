/** What a step consists of: values that say what shall be and what was, and so hold their own inverse. */
import type { NicNote } from '../bridge/note.ts'
import { type Egress, plainEgress } from '../egress.ts'
import { inverseAtNic, type UnderlayOperation } from '../underlay/operation.ts'
import type { TableValue } from './table.ts'

/** Values of a vif or a port. */
export interface InterfaceSettings {
  readonly mtu?: number
  /** 1: it gives itself no IPv6 address. */
  readonly addressGeneration?: number
  /** Whether it takes frames for any Ethernet address. */
  readonly promiscuous?: boolean
}

/** A router's configuration; landmarks speak of `file`. Of interfaces that are only about to be made the text lacks the numbers. */
export interface RouterConfiguration {
  readonly file: string
  readonly text: string
}

/** A veth pair, made with its ends down. */
export interface NewPorts {
  readonly a: string
  readonly b: string
  readonly alias: string
  readonly mtu: number
  /** Whether segments are cut before it, since the tunnel behind it could not. */
  readonly cut: boolean
}

export type Operation =
  | { readonly op: 'set'; readonly name: string; readonly to: InterfaceSettings; readonly from: InterfaceSettings }
  /** What is done to the frames that leave an interface; from undefined: somebody else's. */
  | { readonly op: 'limit'; readonly name: string; readonly to: Egress; readonly from: Egress | undefined }
  /** Lowers a vif and takes it out of the bridge that it is in. */
  | { readonly op: 'leave'; readonly name: string }
  | ({ readonly op: 'ports' } & NewPorts)
  /** Deletes a port, and its other end with it. */
  | { readonly op: 'delete'; readonly name: string }
  /** Makes a router, or exchanges it in place. */
  | {
      readonly op: 'put'
      readonly router: string
      readonly to: RouterConfiguration
      readonly from: RouterConfiguration | undefined
    }
  | { readonly op: 'remove'; readonly router: string }
  /** The router of an underlay NIC, shared by all links there: made, or mended, with its table as it is. */
  | { readonly op: 'switch'; readonly nic: string; readonly to: RouterConfiguration }
  /** A link in that router's table. */
  | {
      readonly op: 'entry'
      readonly nic: string
      readonly key: string
      readonly to: TableValue | undefined
      readonly from: TableValue | undefined
    }
  /** Takes the router of an underlay NIC away where its table is empty. */
  | { readonly op: 'tidy-switch'; readonly nic: string }
  | { readonly op: 'raise'; readonly name: string }
  | { readonly op: 'lower'; readonly name: string }
  /** A physical interface that was a link's alone, as it was before. */
  | { readonly op: 'give-back'; readonly note: NicNote }
  | UnderlayOperation

/** What undoes an operation; undefined where nothing does or should: what is removed was wanted no more. */
export const inverse = (operation: Operation): Operation | undefined => {
  switch (operation.op) {
    case 'set':
      return { ...operation, to: operation.from, from: operation.to }
    case 'limit':
      return { ...operation, to: operation.from ?? plainEgress, from: operation.to }
    case 'entry':
      return { ...operation, to: operation.from, from: operation.to }
    case 'put': {
      const { router, to, from } = operation
      return from === undefined ? { op: 'remove', router } : { op: 'put', router, to: from, from: to }
    }
    case 'ports':
      return { op: 'delete', name: operation.a }
    case 'switch':
      return { op: 'tidy-switch', nic: operation.nic }
    case 'underlay':
    case 'reserve':
    case 'tidy':
      return inverseAtNic(operation)
    case 'raise':
      return { op: 'lower', name: operation.name }
    case 'lower':
    case 'leave':
    case 'remove':
    case 'delete':
    case 'tidy-switch':
    case 'give-back':
      return undefined
  }
}
