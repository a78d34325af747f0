/** What a VNP keeps: VNets with their parts, and reservations to give back. */
import { fromJson, toJson } from '../../proto/codec.ts'
import type { WireError } from '../../proto/errors.ts'
import type { Timing, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { type EmbeddingJson, embeddingFromJson, embeddingToJson } from '../mapping/json.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Kind } from '../store/store.ts'
import { plainKind } from '../store/store.ts'
import type { Discovery } from './discover.ts'

/** What one provider carries of a VNet. */
export interface Part {
  readonly pip: string
  /** Named as at the provider: with its operator's name. */
  readonly request: VNetRequest
  /** Id of the reservation that the decision commits. */
  readonly reservation: string
  /** The provider's own generation, from its confirmation; 0: decided and not confirmed yet. */
  readonly generation: number
  /** Where it is, if its provider tells: a next version may be mapped by it. */
  readonly embedding?: Embedding | undefined
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
  /** Who mapped it. */
  readonly discovery: Discovery
  readonly removing: boolean
  readonly timings: readonly Timing[]
  /** When its first version was, since the Unix epoch: its lifetime counts from then. */
  readonly acceptedUnixMs: number
}

interface PartJson extends Omit<Part, 'request' | 'embedding'> {
  readonly request: unknown
  readonly embedding?: EmbeddingJson
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
    parts: row.parts.map(({ embedding, ...part }) => ({
      ...part,
      request: toJson('VNetRequest', part.request),
      ...(embedding ? { embedding: embeddingToJson(embedding) } : {}),
    })),
  }),
  fromJson: (value) => {
    const json = value as VNetRowJson
    return {
      ...json,
      // Rows of versions before have no lifetime either.
      acceptedUnixMs: json.acceptedUnixMs ?? 0,
      request: fromJson('VNetRequest', json.request),
      discovery: json.discovery ?? 'pip',
      parts: json.parts.map((part) => ({
        ...part,
        request: fromJson('VNetRequest', part.request),
        embedding: part.embedding && embeddingFromJson(part.embedding),
      })),
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

/** A request for a VNet that is not there, and for which there is no room now. */
export interface QueuedRow {
  /** Operator and name with a dot between. */
  readonly key: string
  readonly owner: string
  readonly name: string
  /** As asked for, defaults filled in. */
  readonly request: VNetRequest
  /** Where it is to be mapped, as asked for with it. */
  readonly discovery: string
  readonly sinceUnixMs: number
  /** Counts the requests that ever waited: of those of the same priority the lowest is the oldest, whatever the clock said. */
  readonly order: number
  /** What it waits for or, where it is rejected, why. */
  readonly error: WireError
  /** It was found to fit never: it is kept for its operator to see, and not tried again. */
  readonly rejected: boolean
}

export const queuedKind: Kind<QueuedRow> = {
  name: 'queued',
  toJson: (row) => ({ ...row, request: toJson('VNetRequest', row.request) }),
  fromJson: (value) => {
    const json = value as Omit<QueuedRow, 'request'> & { readonly request: unknown }
    return { ...json, request: fromJson('VNetRequest', json.request) }
  },
}
