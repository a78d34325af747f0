/**
 * A substrate as its PIP advertises it: what a mapping is made by, as messages and back. Pure. Nodes and links that are declared are always
 * all there, in the order of the declaration, so that who maps by the messages gets what the PIP itself would get.
 */
import { create } from '../../proto/codec.ts'
import type {
  AdvertisedLink,
  AdvertisedNode,
  Substrate,
  SubstrateLink,
  SubstrateNode,
} from '../../proto/generated/weft.v1.ts'
import { technologyNames } from '../../proto/technologies.ts'
import type { Picture, Usage } from '../mapping/mapping.ts'

export interface Advertised {
  /** By id, in the order of the declaration. */
  readonly nodes: ReadonlyMap<string, AdvertisedNode>
  readonly links: ReadonlyMap<string, AdvertisedLink>
}

/** @param declared what the operator declared: all that there may be */
export const advertisedOf = (declared: Pick<Substrate, 'nodes' | 'links'>, picture: Picture): Advertised => {
  const { graph, usage, excluded } = picture
  const known = new Map(graph.nodes.map((node) => [node.id, node]))
  const usable = new Map(graph.links.map((link) => [link.id, link]))
  const nodeOf = (node: SubstrateNode): AdvertisedNode => {
    const { id } = node
    const seen = known.get(id)
    return create('AdvertisedNode', {
      // Of a host that was never seen its limits would be taken for what it has.
      node: seen ?? { id, kind: node.kind },
      unknown: !seen,
      away: excluded.has(id),
      usedCpuMillis: usage.cpuMillis.get(id) ?? 0,
      usedMemoryBytes: usage.memoryBytes.get(id) ?? 0,
      usedDiskBytes: usage.diskBytes.get(id) ?? 0,
      usedNics: node.nics.filter((nic) => usage.nics.has(`${id}/${nic}`)),
      usedPools: (seen?.pools ?? []).flatMap(({ name }) => {
        const taken = usage.pools.get(`${id}/${name}`) ?? 0
        return taken > 0 ? [{ shape: name, nodes: taken }] : []
      }),
    })
  }
  const linkOf = (link: SubstrateLink): AdvertisedLink => {
    const { id } = link
    return create('AdvertisedLink', {
      link: usable.get(id) ?? link,
      technologies: usable.has(id) ? [...(graph.carried?.get(id) ?? technologyNames)] : [],
      usedAToBBitsPerSecond: usage.rateBitsPerSecond.get(`${id}/ab`) ?? 0,
      usedBToABitsPerSecond: usage.rateBitsPerSecond.get(`${id}/ba`) ?? 0,
    })
  }
  return {
    nodes: new Map(declared.nodes.map((node) => [node.id, nodeOf(node)])),
    links: new Map(declared.links.map((link) => [link.id, linkOf(link)])),
  }
}

export const pictureOf = ({ nodes, links }: Advertised): Picture => {
  const known = [...nodes.values()].flatMap(({ node, unknown }) => (node && !unknown ? [node] : []))
  const usable = [...links.values()].flatMap(({ link, technologies }) =>
    link && technologies.length > 0 ? [{ link, technologies }] : [],
  )
  return {
    graph: {
      nodes: known,
      links: usable.map(({ link }) => link),
      carried: new Map(usable.map(({ link, technologies }) => [link.id, new Set(technologies)])),
    },
    usage: usedOf({ nodes, links }),
    excluded: new Set([...nodes].filter(([, { away }]) => away).map(([id]) => id)),
  }
}

const usedOf = ({ nodes, links }: Advertised): Usage => ({
  cpuMillis: new Map([...nodes].map(([id, { usedCpuMillis }]) => [id, usedCpuMillis])),
  memoryBytes: new Map([...nodes].map(([id, { usedMemoryBytes }]) => [id, usedMemoryBytes])),
  diskBytes: new Map([...nodes].map(([id, { usedDiskBytes }]) => [id, usedDiskBytes])),
  nics: new Set([...nodes].flatMap(([id, { usedNics }]) => usedNics.map((nic) => `${id}/${nic}`))),
  pools: new Map(
    [...nodes].flatMap(([id, { usedPools }]) => usedPools.map((use) => [`${id}/${use.shape}`, use.nodes] as const)),
  ),
  rateBitsPerSecond: new Map(
    [...links].flatMap(([id, { usedAToBBitsPerSecond, usedBToABitsPerSecond }]) => [
      [`${id}/ab`, usedAToBBitsPerSecond],
      [`${id}/ba`, usedBToABitsPerSecond],
    ]),
  ),
})
