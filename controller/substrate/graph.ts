/**
 * From the declared substrate and the inventories to what a mapping may use.
 */
import type { HostInventory, SubstrateEnd, SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import type { SubstrateGraph } from '../mapping/mapping.ts'
import { nicOf, nicProblem } from './nic.ts'
import type { DeclaredSubstrate, Inventories } from './substrate.ts'

/**
 * What can be given of a substrate: the lower of declared limits and inventories. Left out is what cannot be used: a host
 * without an inventory, with its links, and a link that no tunnel could leave by (NIC missing, down, without an IPv4 address,
 * MTU too small). Disk is what is declared, without bound where nothing is: an inventory says nothing of it.
 */
export const substrateGraph = (substrate: DeclaredSubstrate, inventories: Inventories): SubstrateGraph => {
  const nodes: SubstrateNode[] = []
  for (const node of substrate.nodes) {
    const inventory = inventories.get(node.id)
    if (node.kind !== 'host') nodes.push(node)
    else if (inventory) nodes.push(hostOf(node, inventory, substrate.cpuOvercommit))
  }
  const known = new Set(nodes.map(({ id }) => id))
  const usable = (end: SubstrateEnd | undefined): boolean =>
    end !== undefined &&
    known.has(end.node) &&
    (end.nic === '' || !nicProblem(nicOf(inventories.get(end.node), end.nic)))
  return {
    nodes,
    links: substrate.links.filter(({ a, b }) => usable(a) && usable(b)).map((l) => limited(l, inventories)),
  }
}

/** The lower of the two; 0 declared: none. */
const lower = (declared: number, seen: number): number => (declared > 0 ? Math.min(declared, seen) : seen)

const hostOf = (node: SubstrateNode, inventory: HostInventory, cpuOvercommit: number): SubstrateNode => {
  const has = (name: string): boolean => nicOf(inventory, name) !== undefined
  return {
    ...node,
    location: node.location ?? inventory.location,
    cpuMillis: lower(node.cpuMillis, Math.floor(inventory.cpus * 1000 * cpuOvercommit)),
    memoryBytes: lower(node.memoryBytes, inventory.memoryBytes),
    diskBytes: lower(node.diskBytes, Number.MAX_SAFE_INTEGER),
    hypervisors: inventory.hypervisors.filter(({ unavailable }) => !unavailable).map(({ name }) => name),
    nics: node.nics.filter(has),
    sharedNics: node.sharedNics.filter(has),
    datapaths: inventory.datapaths
      .filter(({ unavailable }) => !unavailable)
      .flatMap(({ name, technologies }) =>
        technologies.length === 0 ? [name] : technologies.map((technology) => `${name}/${technology}`),
      ),
    images: inventory.images,
  }
}

/** A link carries no more than the slower of its NICs. */
const limited = (link: SubstrateLink, inventories: Inventories): SubstrateLink => {
  const rates = [link.a, link.b]
    .map((end) => (end ? nicOf(inventories.get(end.node), end.nic)?.rateBitsPerSecond : undefined))
    .filter((rate): rate is number => rate !== undefined && rate > 0)
  const capacityBitsPerSecond = Math.min(link.capacityBitsPerSecond, ...rates)
  return capacityBitsPerSecond === link.capacityBitsPerSecond ? link : { ...link, capacityBitsPerSecond }
}
