/**
 * What a PIP gives when it commits a VNet: MAC addresses, addresses of links from the VNet's prefix, what tells tunnels apart.
 * Pure: what is taken is computed from what is stored, so a VNet that is deleted has released it.
 */
import type { Interface, SubstrateLink, SubstrateNode, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { fillIn } from '../description/fill-in.ts'
import type { Embedding } from '../mapping/mapping.ts'
import { allocateAddresses } from './allocate-addresses.ts'
import { allocateMacs } from './allocate-macs.ts'
import { allocateTunnels } from './allocate-tunnels.ts'
import { keyOf } from './interfaces.ts'
import type { AllocatedSegment, Claim, Space } from './segments.ts'

export type { AllocatedSegment } from './segments.ts'

/** What a PIP gives when it commits; a plain JSON value, stored with the VNet and so released with it. */
export interface Allocation {
  /** The request with every default, MAC and address filled in. */
  readonly request: VNetRequest
  /** By link in the request's order, and along its path. */
  readonly segments: readonly AllocatedSegment[]
}

/** What other VNets of the PIP hold; never listed, since it may be much. */
export interface Taken {
  readonly macs: Pick<ReadonlySet<string>, 'has'>
  readonly claims: Pick<ReadonlySet<Claim>, 'has'>
  /** The least number of at least `from` that may be free in all the spaces: none between is. Without it each is looked at. */
  readonly nextFree?: (spaces: readonly Space[], from: number) => number
}

/** The substrate or its graph: hosts with their tunnel prefixes, fabrics and switches, and what joins them. */
interface Parts {
  readonly nodes: readonly SubstrateNode[]
  readonly links: readonly SubstrateLink[]
}

export interface AllocateInput {
  /** Name of the VNet at this PIP, for instance "alice.shop". */
  readonly vnet: string
  readonly request: VNetRequest
  readonly embedding: Embedding
  readonly substrate: Parts
  /** Of all other VNets, this one's own allocation left out. */
  readonly taken: Taken
  /** Of this VNet before a change: kept for objects that stay. */
  readonly previous?: Allocation | undefined
}

/**
 * Identifiers that the request left out. Equal input gives equal output. A link between interfaces without addresses gets a
 * /30 of the VNet's prefix, end a the lower address; without a prefix they stay without. Throws request.invalid where the
 * prefix has no room left, admission.not-now where a technology has no numbers left.
 */
export const allocate = (input: AllocateInput): Allocation => {
  const request = fillIn(input.request)
  const macs = allocateMacs(input, request)
  const addresses = allocateAddresses(request, input.previous?.request)
  const fill = (node: string, one: Interface): Interface => {
    const key = keyOf(node, one.index)
    const given = addresses.get(key)
    return { ...one, mac: macs.get(key) ?? one.mac, addresses: given === undefined ? one.addresses : [given] }
  }
  return {
    request: {
      ...request,
      nodes: request.nodes.map((node) => ({ ...node, interfaces: node.interfaces.map((one) => fill(node.id, one)) })),
    },
    segments: allocateTunnels(input, request),
  }
}
