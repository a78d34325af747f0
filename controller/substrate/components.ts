/**
 * Parts of a substrate by what its links have in common: an Ethernet domain, where frames meet (links joined by switches), and a
 * routed network (joined by switches and fabrics). Hosts forward nothing between their NICs.
 */
import type { SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'

interface Parts {
  readonly nodes: readonly SubstrateNode[]
  readonly links: readonly SubstrateLink[]
}

/** What follows from a substrate alone is found once; a substrate never changes. */
const once = <T>(find: (substrate: Parts) => T): ((substrate: Parts) => T) => {
  const found = new WeakMap<Parts, { readonly value: T }>()
  return (substrate) => {
    const known = found.get(substrate) ?? { value: find(substrate) }
    found.set(substrate, known)
    return known.value
  }
}

/** By link, the first declared link of its part; the parts are joined by nodes of the kinds. */
const componentsOf = ({ nodes, links }: Parts, kinds: readonly string[]): ReadonlyMap<string, string> => {
  const joints = new Set(nodes.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id))
  const jointsOf = ({ a, b }: SubstrateLink): readonly string[] =>
    [a, b].flatMap((end) => (end && joints.has(end.node) ? [end.node] : []))
  const linksAt = new Map<string, SubstrateLink[]>()
  for (const joint of joints) linksAt.set(joint, [])
  for (const link of links) for (const joint of jointsOf(link)) linksAt.get(joint)?.push(link)
  const found = new Map<string, string>()
  for (const start of links) {
    if (found.has(start.id)) continue
    const queue = [start]
    for (const link of queue) {
      if (found.has(link.id)) continue
      found.set(link.id, start.id)
      for (const joint of jointsOf(link)) queue.push(...(linksAt.get(joint) ?? []))
    }
  }
  return found
}

/** By NIC, as `host/nic`, a name of the Ethernet domain that it is in: its first declared link. */
export const ethernetDomains = once((substrate): ReadonlyMap<string, string> => {
  const domains = componentsOf(substrate, ['switch'])
  return new Map(
    substrate.links.flatMap(({ id, a, b }) =>
      [a, b].flatMap((end) => (end && end.nic !== '' ? [[`${end.node}/${end.nic}`, domains.get(id) as string]] : [])),
    ) as [string, string][],
  )
})

/**
 * The links by which a host's tunnel prefix is not reached: of several NICs of a host at one routed network, fabrics route to one, the first
 * declared.
 */
export const linksBesidePrefix = once((substrate): ReadonlySet<string> => {
  const kinds = new Map(substrate.nodes.map(({ id, kind }) => [id, kind]))
  const networks = componentsOf(substrate, ['switch', 'fabric'])
  const withFabric = new Set(
    substrate.links
      .filter(({ a, b }) => [a, b].some((end) => kinds.get(end?.node ?? '') === 'fabric'))
      .map(({ id }) => networks.get(id)),
  )
  const beside = new Set<string>()
  const seen = new Set<string>()
  for (const { id, a, b } of substrate.links) {
    const network = networks.get(id)
    if (!withFabric.has(network)) continue
    for (const end of [a, b]) {
      if (kinds.get(end?.node ?? '') !== 'host') continue
      const key = `${end?.node} ${network}`
      if (seen.has(key)) beside.add(id)
      seen.add(key)
    }
  }
  return beside
})
