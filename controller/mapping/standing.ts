/** A VNet that stands, for the mapping of its next version: what stays where it is. */
import type { Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { diffRequests } from '../description/diff.ts'
import { fillIn } from '../description/fill-in.ts'
import type { Embedding, EmbedOptions } from './mapping.ts'

export interface Standing {
  readonly part: VNetRequest
  readonly embedding: Embedding
}

/** What makes a host right for a node: where none of it changed, the node is right where it is, also where it is made again there. */
const needsOf = ({ location, cpu, memoryBytes, diskBytes, image, hypervisor, allocation }: Node): string =>
  JSON.stringify([location, cpu, memoryBytes, diskBytes, image, hypervisor, allocation])

const needsBy = (request: VNetRequest): ReadonlyMap<string, string> =>
  new Map(fillIn(request).nodes.map((node) => [node.id, needsOf(node)]))

/**
 * Nodes of the version that stands keep their hosts, but those that need something else now: they may go elsewhere, though best they do not. A
 * node that was taken from a pool and is made again needs another one of the pool.
 */
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
  const [before, after] = [needsBy(standing.part), needsBy(part)]
  const stay = part.nodes.flatMap(({ id }) => {
    const host = standing.embedding.hosts.get(id)
    const isOther = standing.embedding.pools.has(id) ? madeAgain.has(`node/${id}`) : before.get(id) !== after.get(id)
    return host === undefined || isOther ? [] : [[id, host] as const]
  })
  const fixed = new Map(stay)
  const taken = new Map([...standing.embedding.pools].filter(([id]) => fixed.has(id)))
  return { fixed, previous: standing.embedding, taken }
}
