import type { WireError } from '../../proto/errors.ts'
import { WeftError } from '../../proto/errors.ts'
import type { LinkState, NodeState, Phase, Reported } from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Allocation } from './allocate.ts'

export interface MergeInput {
  readonly embedding: Embedding
  readonly allocation: Allocation
  /** Name of the PIP. */
  readonly provider: string
  /** The last report of each host; hosts that never reported are missing. */
  readonly reports: ReadonlyMap<string, Reported>
  /** Of the slices as they were last published. */
  readonly expectedGeneration: number
  readonly expectedEpoch: number
  /** True once the VNet is being removed: the phase is REMOVING, and GONE when every host reports so. */
  readonly removing?: boolean
  /** Hosts whose agent is not connected: what they last said may be old. */
  readonly away?: ReadonlySet<string>
}

export interface Merged {
  readonly phase: Phase
  /** The first error there is. */
  readonly error?: WireError
  readonly nodes: readonly NodeState[]
  readonly links: readonly LinkState[]
}

/** The state of a VNet from what its hosts report. */
export const mergeReports = (_input: MergeInput): Merged => {
  throw new WeftError('internal', 'not written yet')
}
