/** What a VNP keeps: VNets with their parts, and reservations to give back. */
import { fromJson, toJson } from '../../proto/codec.ts'
import type { Timing, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Kind } from '../store/store.ts'
import { plainKind } from '../store/store.ts'

/** What one provider carries of a VNet. */
export interface Part {
  readonly pip: string
  /** Named as at the provider: with its operator's name. */
  readonly request: VNetRequest
  /** Id of the reservation that the decision commits. */
  readonly reservation: string
  /** The provider's own generation, from its confirmation; 0: decided and not confirmed yet. */
  readonly generation: number
}

/** Written in one transaction: the decision. From then on every part is committed until its provider confirms. */
export interface VNetRow {
  /** Operator and name with a dot between, as providers and hosts know it. */
  readonly key: string
  readonly owner: string
  readonly name: string
  readonly generation: number
  /** As accepted: defaults filled in, before providers allocate. */
  readonly request: VNetRequest
  readonly parts: readonly Part[]
  readonly removing: boolean
  readonly timings: readonly Timing[]
}

interface PartJson extends Omit<Part, 'request'> {
  readonly request: unknown
}

interface VNetRowJson extends Omit<VNetRow, 'request' | 'parts'> {
  readonly request: unknown
  readonly parts: readonly PartJson[]
}

export const vnetKind: Kind<VNetRow> = {
  name: 'vnet',
  toJson: (row): VNetRowJson => ({
    ...row,
    request: toJson('VNetRequest', row.request),
    parts: row.parts.map((part) => ({ ...part, request: toJson('VNetRequest', part.request) })),
  }),
  fromJson: (value) => {
    const json = value as VNetRowJson
    return {
      ...json,
      request: fromJson('VNetRequest', json.request),
      parts: json.parts.map((part) => ({ ...part, request: fromJson('VNetRequest', part.request) })),
    }
  },
}

/**
 * A reservation that is to be given back, written before it is asked for and taken out by the decision: what was not decided is
 * released, whenever the VNP died. Key: the reservation's id.
 */
export interface ReleaseRow {
  readonly pip: string
  readonly vnet: string
}

export const releaseKind = plainKind<ReleaseRow>('release')
