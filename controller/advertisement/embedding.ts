/** An embedding as a VNP and a PIP tell it to each other. */
import { create } from '../../proto/codec.ts'
import type { Embedding as EmbeddingMessage, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'

/** In the order of the request. */
export const embeddingToMessage = (request: VNetRequest, embedding: Embedding): EmbeddingMessage =>
  create('Embedding', {
    nodes: request.nodes.map(({ id, interfaces }) => ({
      node: id,
      host: embedding.hosts.get(id) ?? '',
      hypervisor: embedding.hypervisors.get(id) ?? '',
      nics: interfaces.flatMap(({ index }) => {
        const nic = embedding.nics.get(`${id}.${index}`)
        return nic === undefined ? [] : [{ interface: index, nic }]
      }),
      pool: embedding.pools.get(id) ?? '',
    })),
    links: request.links.map(({ id }) => ({ link: id, ...embedding.paths.get(id) })),
  })

/** What it costs is not told with it. */
export const embeddingFromMessage = ({ nodes, links }: EmbeddingMessage, cost: number): Embedding => ({
  hosts: new Map(nodes.map(({ node, host }) => [node, host])),
  hypervisors: new Map(nodes.map(({ node, hypervisor }) => [node, hypervisor])),
  nics: new Map(nodes.flatMap(({ node, nics }) => nics.map((one) => [`${node}.${one.interface}`, one.nic] as const))),
  pools: new Map(nodes.flatMap(({ node, pool }) => (pool === '' ? [] : [[node, pool] as const]))),
  paths: new Map(links.map(({ link, nodes: through, links: over }) => [link, { nodes: through, links: over }])),
  cost,
})

/** Whether both put everything at the same place, in the same way. */
export const isSameEmbedding = (request: VNetRequest, one: Embedding, other: Embedding): boolean => {
  const isSamePath = (id: string): boolean => {
    const [here, there] = [one.paths.get(id), other.paths.get(id)]
    return here?.nodes.join() === there?.nodes.join() && here?.links.join() === there?.links.join()
  }
  const isSameNic = (key: string): boolean => one.nics.get(key) === other.nics.get(key)
  return (
    request.nodes.every(
      ({ id, interfaces }) =>
        one.hosts.get(id) === other.hosts.get(id) &&
        one.hypervisors.get(id) === other.hypervisors.get(id) &&
        interfaces.every(({ index }) => isSameNic(`${id}.${index}`)),
    ) && request.links.every(({ id }) => isSamePath(id))
  )
}
