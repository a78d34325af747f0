/** What a step consists of: values that say what shall be and what was, and so hold their own inverse. */
import type { Tbf } from '../../netlink/traffic/tbf.ts'

/** Values of a vif. */
export interface VifSettings {
  readonly mtu?: number
  /** 1: it gives itself no IPv6 address. */
  readonly addressGeneration?: number
}

/** A router's configuration; landmarks speak of `file`. */
export interface RouterConfiguration {
  readonly file: string
  readonly text: string
}

export type Operation =
  | { readonly op: 'set'; readonly name: string; readonly to: VifSettings; readonly from: VifSettings }
  /** Ceiling of what leaves a vif towards its guest; undefined: none. */
  | { readonly op: 'limit'; readonly name: string; readonly to: Tbf | undefined; readonly from: Tbf | undefined }
  /** Lowers a vif and takes it out of the bridge that it is in. */
  | { readonly op: 'leave'; readonly name: string }
  /** Makes a router, or exchanges it in place. */
  | {
      readonly op: 'put'
      readonly router: string
      readonly to: RouterConfiguration
      readonly from: RouterConfiguration | undefined
    }
  | { readonly op: 'remove'; readonly router: string }
  | { readonly op: 'raise'; readonly name: string }
  | { readonly op: 'lower'; readonly name: string }

/** What undoes an operation; undefined where nothing does or should: what is removed was wanted no more. */
export const inverse = (operation: Operation): Operation | undefined => {
  switch (operation.op) {
    case 'set':
    case 'limit':
      return { ...operation, to: operation.from, from: operation.to } as Operation
    case 'put': {
      const { router, to, from } = operation
      return from === undefined ? { op: 'remove', router } : { op: 'put', router, to: from, from: to }
    }
    case 'raise':
      return { op: 'lower', name: operation.name }
    case 'lower':
    case 'leave':
    case 'remove':
      return undefined
  }
}
