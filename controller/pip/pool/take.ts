/** Which idle nodes the nodes of a version become. */
import { WeftError } from '../../../proto/errors.ts'
import type { SliceNode, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import type { Embedding } from '../../mapping/mapping.ts'
import { ofMake } from '../../mapping/pools.ts'
import { optionsBy } from '../../mapping/standing.ts'
import type { Admission } from '../admit.ts'
import { claimsOf } from './claims.ts'
import { poolRef } from './names.ts'
import { idleNodes } from './stock.ts'

export interface Taken {
  /** The part with all that it left to the pools filled in. */
  readonly part: VNetRequest
  /** By node of the part, the node of a pool that it becomes or became, as POOL/NODE. */
  readonly pooled: ReadonlyMap<string, string>
}

/**
 * For each node that the embedding has from a pool the one that it is already, or an idle one of its host. Throws admission.not-now where that is
 * gone since the part was mapped.
 */
export const takeNodes = (admission: Admission, vnet: string, part: VNetRequest, embedding: Embedding): Taken => {
  if (embedding.pools.size === 0) return { part, pooled: new Map() }
  const before = admission.book.vnets.get(vnet)?.version
  const stays = optionsBy(before, part).taken ?? new Map<string, string>()
  const had = new Map((before ? claimsOf(before) : []).map((claim) => [claim.node.id, claim]))
  const idle = idleNodes(admission, vnet)
  const given = new Set<string>()
  const taken = new Map<string, { readonly ref: string; readonly make: SliceNode }>()
  for (const [id, shape] of embedding.pools) {
    const host = embedding.hosts.get(id) ?? ''
    const known = stays.has(id) ? had.get(id) : undefined
    if (known && known.host === host) {
      taken.set(id, { ref: known.pooled, make: known.node })
      continue
    }
    const free = idle(host, shape).find((node) => !given.has(`${host}/${node.id}`))
    if (!free) {
      throw new WeftError('admission.not-now', `the pool ${shape} has no idle node at ${host} any more`, {
        object: `node/${id}`,
        hint: 'wait until the pool is filled again, or ask for allocation on-demand',
      })
    }
    given.add(`${host}/${free.id}`)
    taken.set(id, { ref: poolRef(shape, free.id), make: free })
  }
  const nodes = part.nodes.map((node) => {
    const one = taken.get(node.id)
    return one ? ofMake(node, one.make) : node
  })
  return { part: { ...part, nodes }, pooled: new Map([...taken].map(([id, { ref }]) => [id, ref])) }
}
