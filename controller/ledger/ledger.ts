/**
 * What is reserved of a substrate, added up from the embeddings that stand: there is no counter that could drift.
 */
import type { SubstrateLink, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { byId } from '../mapping/by-id.ts'
import { reservedCpuMillis } from '../mapping/demand.ts'
import type { Embedding, Usage } from '../mapping/mapping.ts'

export interface LedgerEntry {
  readonly request: VNetRequest
  readonly embedding: Embedding
}

/**
 * What the entries take of a substrate, in all. `links` (of the substrate or its graph) tell in which direction a path
 * crosses each: `link/ab` from the end declared first to the other, `link/ba` back. A link that is declared no longer counts
 * for nothing; a node or link that the embedding does not place neither. The room of nodes that are taken from pools is no
 * part of it: the request need not say how large they are.
 */
export const usageOf = (
  substrate: { readonly links: readonly SubstrateLink[] },
  entries: Iterable<LedgerEntry>,
): Usage => {
  const cpuMillis = new Map<string, number>()
  const memoryBytes = new Map<string, number>()
  const diskBytes = new Map<string, number>()
  const rateBitsPerSecond = new Map<string, number>()
  const nics = new Set<string>()
  const links = byId(substrate.links)
  for (const { request, embedding } of entries) {
    for (const node of request.nodes) {
      const host = embedding.hosts.get(node.id)
      if (host === undefined) continue
      if (!embedding.pools.has(node.id)) {
        add(cpuMillis, host, reservedCpuMillis(node))
        add(memoryBytes, host, node.memoryBytes)
        add(diskBytes, host, node.diskBytes)
      }
      for (const { index, physical } of node.interfaces) {
        const nic = embedding.nics.get(`${node.id}.${index}`)
        if (physical === 'dedicated' && nic !== undefined) nics.add(`${host}/${nic}`)
      }
    }
    for (const link of request.links) {
      const path = embedding.paths.get(link.id)
      for (const [index, id] of (path?.links ?? []).entries()) {
        const crossed = links.get(id)
        if (!crossed) continue
        const [there, back] = crossed.a?.node === path?.nodes[index] ? ['ab', 'ba'] : ['ba', 'ab']
        add(rateBitsPerSecond, `${id}/${there}`, link.rateAToBBitsPerSecond)
        add(rateBitsPerSecond, `${id}/${back}`, link.rateBToABitsPerSecond)
      }
    }
  }
  return { cpuMillis, memoryBytes, diskBytes, nics, rateBitsPerSecond, pools: new Map() }
}

const add = (sums: Map<string, number>, key: string, amount: number): void => {
  sums.set(key, (sums.get(key) ?? 0) + amount)
}
