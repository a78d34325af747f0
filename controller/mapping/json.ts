/**
 * An embedding as a plain JSON value and back, for a store.
 */
import type { Embedding, MappedPath } from './mapping.ts'

/** An embedding whose maps are objects. */
export interface EmbeddingJson {
  readonly hosts: Readonly<Record<string, string>>
  readonly hypervisors: Readonly<Record<string, string>>
  readonly nics: Readonly<Record<string, string>>
  readonly paths: Readonly<Record<string, MappedPath>>
  /** Missing in what was stored before there were pools. */
  readonly pools?: Readonly<Record<string, string>>
  readonly cost: number
}

export const embeddingToJson = (embedding: Embedding): EmbeddingJson => ({
  hosts: Object.fromEntries(embedding.hosts),
  hypervisors: Object.fromEntries(embedding.hypervisors),
  nics: Object.fromEntries(embedding.nics),
  paths: Object.fromEntries(embedding.paths),
  pools: Object.fromEntries(embedding.pools),
  cost: embedding.cost,
})

export const embeddingFromJson = (json: EmbeddingJson): Embedding => ({
  hosts: new Map(Object.entries(json.hosts)),
  hypervisors: new Map(Object.entries(json.hypervisors)),
  nics: new Map(Object.entries(json.nics)),
  paths: new Map(Object.entries(json.paths)),
  pools: new Map(Object.entries(json.pools ?? {})),
  cost: json.cost,
})
