import { WeftError } from '../../proto/errors.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { DeclaredSubstrate, Inventories } from '../substrate/substrate.ts'
import type { Allocation } from './allocate.ts'

export interface CompileInput {
  readonly vnet: string
  readonly embedding: Embedding
  /** Holds the request, with all filled in. */
  readonly allocation: Allocation
  readonly substrate: Pick<DeclaredSubstrate, 'nodes' | 'links'>
  readonly inventories: Inventories
  readonly generation: number
  readonly epoch: number
}

/** One slice for every host that carries a node or relays a link, by name of the host. */
export const compileSlices = (_input: CompileInput): ReadonlyMap<string, Slice> => {
  throw new WeftError('internal', 'not written yet')
}

/** The hosts that compileSlices has a slice for, sorted. */
export const hostsOf = (_embedding: Embedding, _allocation: Allocation): readonly string[] => {
  throw new WeftError('internal', 'not written yet')
}

/** What tells a host that nothing of the VNet shall be left there. */
export const absentSlice = (_vnet: string, _generation: number, _epoch: number): Slice => {
  throw new WeftError('internal', 'not written yet')
}
