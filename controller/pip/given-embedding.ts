/** A part that a VNP has mapped by what was advertised: held as it is, or refused. */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { isSameEmbedding } from '../advertisement/embedding.ts'
import { embed } from '../mapping/embed.ts'
import type { Embedding } from '../mapping/mapping.ts'
import { optionsBy } from '../mapping/standing.ts'
import { type Admission, pictureFor } from './admit.ts'
import { lostNodes } from './death/due.ts'

const stale = (message: string, object?: string): WeftError =>
  new WeftError('embedding.stale', message, {
    object,
    hint: 'map it again by what is advertised now, or ask for an offer',
  })

/**
 * The embedding, with all that the mapping itself would say of it. Every constraint is looked at as for a mapping of one's own, in which every
 * node must stay where it was given and every path as it was given. Throws embedding.stale.
 */
export const checkEmbedding = (admission: Admission, part: VNetRequest, given: Embedding): Embedding => {
  const { graph, usage, excluded } = pictureFor(admission, part.name)
  const row = admission.book.vnets.get(part.name)
  const before = row?.version.embedding
  const lost = row ? lostNodes(row, admission.book.deaths) : new Map<string, string>()
  for (const { id } of part.nodes) {
    const host = given.hosts.get(id)
    if (host === undefined || host === '') throw stale(`${id} was given no host`, `node/${id}`)
    const from = before?.hosts.get(id) ?? host
    // A node that must stay somewhere may stay at a host that is away; one that is new there may not, nor one that may run there leave.
    if (excluded.has(host) && before?.hosts.get(id) !== host) throw stale(`${host} is not connected`, `node/${id}`)
    if (excluded.has(from) && from !== host && !lost.has(id)) throw stale(`${id} may run at ${from}`, `node/${id}`)
  }
  const { taken } = optionsBy(row?.version, part)
  const result = embed(graph, usage, part, { fixed: given.hosts, previous: given, ...(taken && { taken }), excluded })
  if (result.outcome === 'refused')
    throw stale(`it does not fit as it was mapped: ${result.error.message}`, result.error.object)
  if (!isSameEmbedding(part, given, result.embedding))
    throw stale('a hypervisor, interface or path of it is not to be had any more')
  return result.embedding
}
