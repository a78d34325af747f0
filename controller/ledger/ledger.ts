import { WeftError } from '../../proto/errors.ts'
import type { SubstrateLink, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Embedding, Usage } from '../mapping/mapping.ts'

export interface LedgerEntry {
  readonly request: VNetRequest
  readonly embedding: Embedding
}

/** What the entries take of a substrate, in all. `links` (of the substrate or its graph) tell each path's direction. */
export const usageOf = (
  _substrate: { readonly links: readonly SubstrateLink[] },
  _entries: Iterable<LedgerEntry>,
): Usage => {
  throw new WeftError('internal', 'the ledger is not written yet')
}
