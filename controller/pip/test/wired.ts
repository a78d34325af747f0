/** Random substrates whose links end at NICs of the hosts, where every data path makes everything. */
import { technologyNames } from '../../../proto/technologies.ts'
import type { SubstrateGraph } from '../../mapping/mapping.ts'
import { type Random, randomSubstrate } from '../../mapping/test/random.ts'

const datapaths = technologyNames.flatMap((technology) => [`bridge/${technology}`, `click/${technology}`])

/** @param prefixLength of the hosts' tunnel prefixes */
export const randomWired = (random: Random, prefixLength = 24): SubstrateGraph => {
  const { nodes, links } = randomSubstrate(random, { hosts: 6, others: 4 })
  const end = (of: { readonly node: string } | undefined, link: string) => {
    const isHost = nodes.find(({ id }) => id === of?.node)?.kind === 'host'
    return { node: of?.node ?? '', nic: isHost ? `to-${link}` : '' }
  }
  return {
    nodes: nodes.map((node, index) => ({
      ...node,
      datapaths,
      hypervisors: ['lxc', 'qemu'],
      tunnelPrefix: node.kind === 'host' ? `198.18.${index}.0/${prefixLength}` : '',
    })),
    links: links.map((link) => ({ ...link, a: end(link.a, link.id), b: end(link.b, link.id) })),
  }
}
