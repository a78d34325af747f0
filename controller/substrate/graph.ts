/**
 * From the declared substrate and the inventories to what a mapping may use.
 */
import type {
  HostInventory,
  PoolShape,
  SubstrateEnd,
  SubstrateLink,
  SubstrateNode,
} from '../../proto/generated/weft.v1.ts'
import { type TechnologyName, technologies, technologyNames } from '../../proto/technologies.ts'
import { startsImage } from '../mapping/demand.ts'
import type { SubstrateGraph } from '../mapping/mapping.ts'
import { linksBesidePrefix } from './components.ts'
import { imageOffers } from './images.ts'
import { nicOf, nicTechnologies } from './nic.ts'
import type { DeclaredSubstrate, Inventories } from './substrate.ts'
import { addressInPrefix } from './tunnel-prefix.ts'

/**
 * What can be given of a substrate: the lower of declared limits and inventories. Left out is what cannot be used: a host
 * without an inventory, with its links, and a link that no segment could leave by (NIC missing, down, MTU too small); the
 * technologies of the others are those that both NICs can carry. A tunnel prefix that holds an address of a NIC counts for none. Disk is
 * what is declared, without bound where nothing is: an inventory says nothing of it.
 */
export const substrateGraph = (substrate: DeclaredSubstrate, inventories: Inventories): SubstrateGraph => {
  const nodes: SubstrateNode[] = []
  for (const node of substrate.nodes) {
    const inventory = inventories.get(node.id)
    if (node.kind !== 'host') nodes.push(node)
    else if (inventory) nodes.push(hostOf(node, inventory, inventories, substrate))
  }
  const known = new Set(nodes.map(({ id }) => id))
  const beside = linksBesidePrefix(substrate)
  const carriedBy = (end: SubstrateEnd | undefined): readonly TechnologyName[] => {
    if (!end || !known.has(end.node)) return []
    return end.nic === '' ? technologyNames : nicTechnologies(nicOf(inventories.get(end.node), end.nic))
  }
  const carried = new Map(
    substrate.links.map(({ id, a, b }) => {
      const [byA, byB] = [carriedBy(a), carriedBy(b)]
      const isWay = (name: TechnologyName): boolean => !(technologies[name].needsTunnelPrefix && beside.has(id))
      return [id, new Set(byA.filter((name) => byB.includes(name) && isWay(name)))] as const
    }),
  )
  return {
    nodes,
    links: substrate.links.filter(({ id }) => carried.get(id)?.size).map((link) => limited(link, inventories)),
    carried,
  }
}

/** The lower of the two; 0 declared: none. */
const lower = (declared: number, seen: number): number => (declared > 0 ? Math.min(declared, seen) : seen)

const hostOf = (
  node: SubstrateNode,
  inventory: HostInventory,
  inventories: Inventories,
  { cpuOvercommit, images }: Pick<DeclaredSubstrate, 'cpuOvercommit' | 'images'>,
): SubstrateNode => {
  const hypervisors = inventory.hypervisors.filter(({ unavailable }) => !unavailable).map(({ name }) => name)
  const offers = imageOffers(images, inventory, hypervisors)
  const has = (name: string): boolean => nicOf(inventory, name) !== undefined
  return {
    ...node,
    location: node.location ?? inventory.location,
    cpuMillis: lower(node.cpuMillis, Math.floor(inventory.cpus * 1000 * cpuOvercommit)),
    cpus: inventory.cpus,
    memoryBytes: lower(node.memoryBytes, inventory.memoryBytes),
    diskBytes: lower(node.diskBytes, Number.MAX_SAFE_INTEGER),
    hypervisors,
    nics: node.nics.filter(has),
    sharedNics: node.sharedNics.filter(has),
    datapaths: inventory.datapaths
      .filter(({ unavailable }) => !unavailable)
      .flatMap(({ name, technologies }) =>
        technologies.length === 0 ? [name] : technologies.map((technology) => `${name}/${technology}`),
      ),
    images: [...offers],
    pools: node.pools.filter((pool) => canKeep(pool, hypervisors, offers)),
    tunnelPrefix: addressInPrefix(node.tunnelPrefix, inventories.values()) === undefined ? node.tunnelPrefix : '',
  }
}

/** Whether the host can make nodes of the pool's shape at all. */
const canKeep = (
  { hypervisor, image }: PoolShape,
  hypervisors: readonly string[],
  offers: readonly string[],
): boolean =>
  hypervisors.includes(hypervisor) && (image === '' || offers.some((offer) => startsImage(offer, image, hypervisor)))

/** A link carries no more than the slower of its NICs. */
const limited = (link: SubstrateLink, inventories: Inventories): SubstrateLink => {
  const rates = [link.a, link.b]
    .map((end) => (end ? nicOf(inventories.get(end.node), end.nic)?.rateBitsPerSecond : undefined))
    .filter((rate): rate is number => rate !== undefined && rate > 0)
  const capacityBitsPerSecond = Math.min(link.capacityBitsPerSecond, ...rates)
  return capacityBitsPerSecond === link.capacityBitsPerSecond ? link : { ...link, capacityBitsPerSecond }
}
