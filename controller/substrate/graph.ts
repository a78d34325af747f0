import { WeftError } from '../../proto/errors.ts'
import type { SubstrateGraph } from '../mapping/mapping.ts'
import type { DeclaredSubstrate, Inventories } from './substrate.ts'

/**
 * What can be given of a substrate: declared limits and inventories together. A host without an inventory, and a link that no
 * tunnel could leave by (NIC missing, down, without an IPv4 address, MTU too small), are left out.
 */
export const substrateGraph = (_substrate: DeclaredSubstrate, _inventories: Inventories): SubstrateGraph => {
  throw new WeftError('internal', 'the substrate graph is not made yet')
}
