import { WeftError } from '../../proto/errors.ts'
import type { SubstrateNode, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'

/** A tunnel between two consecutive hosts on a link's path, in the direction from the link's end a to its end b. */
export interface AllocatedSegment {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly technology: string
  /** VNI of a vxlan segment. */
  readonly identifier: number
}

/** What a PIP gives when it commits; a plain JSON value, stored with the VNet and so released with it. */
export interface Allocation {
  /** The request with every MAC and address filled in. */
  readonly request: VNetRequest
  readonly segments: readonly AllocatedSegment[]
}

/** What other VNets of the PIP hold. */
export interface Taken {
  readonly macs: ReadonlySet<string>
  readonly identifiers: ReadonlySet<number>
}

export const takenOf = (_allocations: Iterable<Allocation>): Taken => {
  throw new WeftError('internal', 'not written yet')
}

export interface AllocateInput {
  /** Name of the VNet at this PIP, for instance "alice.shop". */
  readonly vnet: string
  readonly request: VNetRequest
  readonly embedding: Embedding
  /** The substrate or its graph: tells hosts on a path from fabrics and switches. */
  readonly substrate: { readonly nodes: readonly SubstrateNode[] }
  /** Of all other VNets, this one's own allocation left out. */
  readonly taken: Taken
  /** Of this VNet before a change: kept for objects that stay. */
  readonly previous?: Allocation | undefined
}

/**
 * Identifiers that the request left out. Equal input gives equal output.
 * Throws request.invalid where the VNet's prefix has no room left.
 */
export const allocate = (_input: AllocateInput): Allocation => {
  throw new WeftError('internal', 'not written yet')
}
