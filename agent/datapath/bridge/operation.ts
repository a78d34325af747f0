/**
 * What a step consists of. An operation is a value that names interfaces, says what shall be and what was, and so holds its own
 * inverse; apply.ts turns it into requests.
 */
import type { BridgeSettings } from '../../netlink/link/bridge.ts'
import type { BridgePortSettings } from '../../netlink/link/bridge-port.ts'
import { type Egress, plainEgress } from '../egress.ts'
import { inverseAtNic, type UnderlayOperation } from '../underlay/operation.ts'
import type { NicNote } from './note.ts'
import type { TunnelEnds } from './tunnel.ts'
import type { Uplink } from './uplink.ts'

/** Values of an interface that are set alike, whatever it is. */
export interface InterfaceSettings {
  readonly mtu?: number
  readonly alias?: string
  /** 1: it gives itself no IPv6 address. */
  readonly addressGeneration?: number
  readonly bridge?: BridgeSettings
  readonly vxlan?: VxlanChange
  /** Everything of it. */
  readonly gretap?: GretapChange
}

/** What of a vxlan device can be changed while it carries traffic. */
export interface VxlanChange {
  readonly local?: string
  readonly remote?: string
  /** Underlay NIC, by name. */
  readonly nic?: string
  readonly learning?: boolean
  readonly ttl?: number
  readonly dontFragment?: number
}

/** The same of a gretap device. */
export interface GretapChange {
  readonly key: number
  readonly local: string
  readonly remote: string
  readonly nic: string
  readonly ttl: number
  readonly dontFragment: boolean
}

export type Operation =
  /** A bridge with its mark, down. */
  | { readonly op: 'add-bridge'; readonly name: string; readonly alias: string; readonly mtu: number }
  /** A tunnel with its mark, down. */
  | {
      readonly op: 'add-tunnel'
      readonly name: string
      readonly alias: string
      readonly mtu: number
      readonly ends: TunnelEnds
      readonly nic: string
      /** Interface that it is on: the NIC, or a service device on it. */
      readonly lower: string
    }
  /** An 802.1ad device with its mark, up; one that another step has made meanwhile is the same. */
  | {
      readonly op: 'add-service'
      readonly name: string
      readonly service: number
      readonly nic: string
      /** The NIC's: what is on it may have as much. */
      readonly mtu: number
    }
  /** Removes such a device where nothing is on it any more. */
  | { readonly op: 'drop-service'; readonly name: string; readonly nic: string }
  /** The class that the frames of an 802.1Q device say at the NIC (class-program.ts). */
  | { readonly op: 'say-class'; readonly name: string; readonly to: number; readonly from: number | undefined }
  | { readonly op: 'set'; readonly name: string; readonly to: InterfaceSettings; readonly from: InterfaceSettings }
  /** Keeps a bridge from the host's stack (isolation.ts). */
  | { readonly op: 'isolate'; readonly name: string; readonly hooks: 'right' | 'missing' | 'wrong' }
  | { readonly op: 'join'; readonly name: string; readonly bridge: string }
  | {
      readonly op: 'set-port'
      readonly name: string
      readonly to: BridgePortSettings
      readonly from: BridgePortSettings
    }
  /** What is done to what leaves an interface. `from` is undefined where somebody gave it a discipline of another kind. */
  | { readonly op: 'limit'; readonly name: string; readonly to: Egress; readonly from: Egress | undefined }
  | { readonly op: 'raise'; readonly name: string }
  | { readonly op: 'lower'; readonly name: string }
  /** Takes a vif out of a bridge and lowers it first: one that is up and in no bridge would speak with the host's own stack. */
  | { readonly op: 'leave'; readonly name: string; readonly bridge: string }
  | { readonly op: 'delete'; readonly name: string }
  /** Takes a NIC out of a bridge, as it was before. */
  | { readonly op: 'give-back'; readonly note: NicNote }
  /** What joins a link to a shared NIC (uplink.ts). */
  | ({ readonly op: 'add-uplink' } & Uplink)
  | ({ readonly op: 'drop-uplink' } & Pick<Uplink, 'nic' | 'a'>)
  | UnderlayOperation

/**
 * What undoes an operation; undefined where nothing does or should. Deletions are not undone: what they remove is wanted no
 * more, or was wrong, and the next plan goes on from there. A guard stays.
 */
export const inverse = (operation: Operation): Operation | undefined => {
  switch (operation.op) {
    case 'add-bridge':
    case 'add-tunnel':
      return { op: 'delete', name: operation.name }
    case 'add-service':
      return { op: 'drop-service', name: operation.name, nic: operation.nic }
    case 'add-uplink':
      return { op: 'drop-uplink', nic: operation.nic, a: operation.a }
    case 'say-class':
      return operation.from === undefined ? undefined : { ...operation, to: operation.from, from: operation.to }
    case 'set':
    case 'set-port':
      return { ...operation, to: operation.from, from: operation.to } as Operation
    case 'limit':
      return { ...operation, to: operation.from ?? plainEgress, from: operation.to }
    case 'join':
      return { op: 'leave', name: operation.name, bridge: operation.bridge }
    case 'raise':
      return { op: 'lower', name: operation.name }
    case 'lower':
      return { op: 'raise', name: operation.name }
    case 'underlay':
    case 'reserve':
    case 'tidy':
      return inverseAtNic(operation)
    case 'isolate':
    case 'leave':
    case 'delete':
    case 'give-back':
    case 'drop-service':
    case 'drop-uplink':
      return undefined
  }
}
