/** A VNet that stands, for the mapping of its next version: what stays where it is. */
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { diffRequests } from '../description/diff.ts'
import type { Embedding, EmbedOptions } from './mapping.ts'

export interface Standing {
  readonly part: VNetRequest
  readonly embedding: Embedding
}

/** Nodes of the version that stands keep their hosts, but those that have to be made again. */
export const optionsBy = (
  standing: Standing | undefined,
  part: VNetRequest,
): Pick<EmbedOptions, 'fixed' | 'previous' | 'taken'> => {
  if (!standing) return {}
  const madeAgain = new Set(
    diffRequests(standing.part, part)
      .filter(({ action }) => action === 'CHANGE_ACTION_RECREATE')
      .map(({ object }) => object),
  )
  const stay = part.nodes.flatMap(({ id }) => {
    const host = standing.embedding.hosts.get(id)
    return host === undefined || madeAgain.has(`node/${id}`) ? [] : [[id, host] as const]
  })
  const fixed = new Map(stay)
  const taken = new Map([...standing.embedding.pools].filter(([id]) => fixed.has(id)))
  return { fixed, previous: standing.embedding, taken }
}
