/**
 * The words for a link whose technology finds no way: which of its rules stands in the way, and which technologies would do.
 */
import { technologyNamed, technologyNames } from '../../proto/technologies.ts'
import { suits } from './constraints.ts'
import { isJoinableApart } from './pairs.ts'
import type { LinkDemand, NodeDemand, Problem } from './problem.ts'
import { canEnd, type TechnologyRule, technologyRules } from './technology.ts'
import type { Text } from './unmet-node.ts'

export const technologyText = (problem: Problem, link: LinkDemand, beside: string): Text => {
  // Where the two alone could be joined, it is the place of others that keeps them from it.
  const isAlone = !isJoinableApart(problem, link)
  const rule = isAlone ? technologyRules.find((one) => isJoinableApart(problem, link, one)) : undefined
  const [a, b] = [problem.nodes[link.a] as NodeDemand, problem.nodes[link.b] as NodeDemand]
  const { why, hint } = reasonOf(problem, link, rule)
  const others = technologyNames.filter(
    (technology) => technology !== link.technology && isJoinableApart(problem, { ...link, technology }),
  )
  const instead = others.length > 0 ? `technology ${others.join(', ')}` : ''
  return {
    object: `link/${link.id}`,
    message: `link ${link.id} needs ${link.technology} between ${a.id} and ${b.id}${beside}; ${why}`,
    hint: [hint, instead].filter((text) => text !== '').join('; or ') || 'let the nodes be on other hosts',
  }
}

const namesOf = (problem: Problem, nodes: readonly number[]): string => {
  const names = nodes.slice(0, 5).map((node) => problem.topology.nodes[node]?.id ?? '')
  return names.join(', ') + (nodes.length > names.length ? ` and ${nodes.length - names.length} more` : '')
}

const reasonOf = (
  problem: Problem,
  link: LinkDemand,
  rule: TechnologyRule | undefined,
): { readonly why: string; readonly hint: string } => {
  const { technology } = link
  const { topology } = problem
  switch (rule) {
    // Several rules at once: what no host has is told first.
    case 'ends':
    case undefined: {
      const ends = unableEnds(problem, link).join(', nor for ')
      if (ends) return { why: `no host that would do has it for ${ends}`, hint: offeredText(problem) }
      return rule === undefined
        ? { why: 'no path that is left is over hosts and links that all carry it', hint: '' }
        : {
            why: 'of the hosts that would do for the two none are joined where both have it',
            hint: offeredText(problem),
          }
    }
    case 'prefixes': {
      const without = topology.hosts.filter((host) => topology.nodes[host]?.tunnelPrefix === '')
      return {
        why: `its outer addresses are of the hosts' tunnel prefixes, and ${namesOf(problem, without)} ${without.length === 1 ? 'has' : 'have'} none`,
        hint: 'tunnel_prefix for these hosts in the substrate',
      }
    }
    case 'fabrics': {
      const fabrics = [...topology.nodes.keys()].filter((node) => topology.nodes[node]?.kind === 'fabric')
      return {
        why: `it stays on one Ethernet segment, and every path crosses a routed network (${namesOf(problem, fabrics)})`,
        hint: '',
      }
    }
    case 'relays': {
      const relays = technologyNamed(technology)?.datapaths.map((datapath) => `${datapath}/${technology}`) ?? []
      return { why: 'hosts on the way have no data path that relays it', hint: `${relays.join(' or ')} on them` }
    }
    case 'nics': {
      const known = technologyNamed(technology)
      return {
        why: `NICs on the way cannot carry it: their MTU is too small${known?.crosses ? ', or they have no IPv4 address' : ''}${known?.needsTunnelPrefix ? ', or fabrics route the hosts’ tunnel prefixes to others' : ''}`,
        hint: '',
      }
    }
  }
}

/** The ends for which no host that suits their nodes makes the technology. */
const unableEnds = (problem: Problem, { a, b, technology, forwardingA, forwardingB }: LinkDemand): readonly string[] =>
  [
    { node: problem.nodes[a] as NodeDemand, forwarding: forwardingA },
    { node: problem.nodes[b] as NodeDemand, forwarding: forwardingB },
  ]
    .filter(({ node, forwarding }) => {
      const isAble = (host: number): boolean => canEnd(problem, technology, host, forwarding, 'prefixes')
      return !problem.topology.hosts.some((host) => suits(problem, node, host) && isAble(host))
    })
    .map(({ node, forwarding }) => `${node.id} by ${forwarding}`)

const offeredText = ({ topology }: Problem): string =>
  `offered: ${[...new Set(topology.nodes.flatMap(({ datapaths }) => datapaths))].sort().join(', ') || 'none'}`
