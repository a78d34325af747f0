/**
 * What a link's technology asks of the hosts at its ends, of what lies between them, and of the substrate's links.
 */
import { relayDatapath, technologyNamed } from '../../proto/technologies.ts'
import { byTopology } from './by-topology.ts'
import type { Problem } from './problem.ts'
import type { Route } from './route.ts'
import type { Topology } from './topology.ts'

/**
 * In the order in which a refusal asks which one stands in the way: `ends` the data path that the end's forwarding names makes it; `prefixes`
 * hosts have a tunnel prefix where it takes addresses of such; `fabrics` it crosses them; `relays` some data path of a host on the way
 * makes it; `nics` both NICs of a link can carry it.
 */
export const technologyRules = ['ends', 'prefixes', 'fabrics', 'relays', 'nics'] as const
export type TechnologyRule = (typeof technologyRules)[number]

/** Whether the host has the addresses that the technology's segments take. */
const hasAddresses = (topology: Topology, technology: string, host: number): boolean =>
  technologyNamed(technology)?.needsTunnelPrefix !== true || topology.nodes[host]?.tunnelPrefix !== ''

const offers = (topology: Topology, technology: string, host: number, datapath: string): boolean =>
  topology.nodes[host]?.datapaths.includes(`${datapath}/${technology}`) === true

/**
 * Whether a link of the technology ('': of none) can end at an interface of the host.
 * @param waived a rule that is not looked at
 */
export const canEnd = (
  { topology }: Pick<Problem, 'topology'>,
  technology: string,
  host: number,
  forwarding: string,
  waived?: TechnologyRule,
): boolean =>
  technology === '' ||
  ((waived === 'ends' || offers(topology, technology, host, forwarding)) &&
    (waived === 'prefixes' || hasAddresses(topology, technology, host)))

/** Where the technology's paths may lead. */
type Ground = Pick<Route, 'passable' | 'usable'>

const grounds = new WeakMap<Problem, Map<string, Ground>>()

/** With all hosts there; the question is that of groundOf. */
const wholeGrounds = byTopology((topology, question): Ground => {
  const [technology = '', waived] = question.split(' ')
  const isAny = technology === ''
  const crosses = isAny || waived === 'fabrics' || technologyNamed(technology)?.crosses === true
  const relays = (host: number): boolean =>
    isAny ||
    ((waived === 'relays' ||
      relayDatapath(technology, (datapath) => offers(topology, technology, host, datapath)) !== undefined) &&
      (waived === 'prefixes' || hasAddresses(topology, technology, host)))
  const isPassable = (kind: string, index: number): boolean =>
    kind === 'host' ? relays(index) : kind === 'fabric' ? crosses : true
  const carries = (link: number): boolean => isAny || waived === 'nics' || topology.carries(link, technology)
  return {
    passable: Uint8Array.from(topology.nodes, ({ kind }, index) => (isPassable(kind, index) ? 1 : 0)),
    usable: Uint8Array.from(topology.links, (_, link) => (carries(link) ? 1 : 0)),
  }
})

/**
 * Switches are crossed, fabrics by what crosses routed networks; a host relays, if it is not excluded and one of its data paths makes the
 * technology.
 * @param waived a rule that is not looked at
 */
export const groundOf = (problem: Problem, technology: string, waived?: TechnologyRule): Ground => {
  const known = grounds.get(problem) ?? new Map<string, Ground>()
  grounds.set(problem, known)
  const key = `${technology} ${waived ?? ''}`
  const found = known.get(key)
  if (found) return found
  const { topology, excluded } = problem
  const { passable, usable } = wholeGrounds(topology, key)
  const isOpen = (node: number): boolean => !(topology.isHost[node] && excluded[node])
  const ground = { passable: passable.map((open, node) => (isOpen(node) ? open : 0)), usable }
  known.set(key, ground)
  return ground
}
