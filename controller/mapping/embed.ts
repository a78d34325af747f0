/**
 * The embedding of a VNet on a substrate (mapping.ts).
 *
 * Hosts carry nodes; a path runs over any nodes of the substrate: hosts on the way relay, switches and fabrics are crossed.
 * Two nodes may share a host; their links then take no path. Nodes are spread so that hosts get equally full, neighbours
 * together. A rate counts guests' frames, as a substrate link's capacity does: the tunnels' overhead is the operator's to
 * leave room for when declaring it.
 */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { defaultTreesOf } from './core/solve.ts'
import type { Embed, Embedding, EmbedOptions, MappedPath, SubstrateGraph, Usage } from './mapping.ts'
import { makeCpuMillis } from './pools.ts'
import { hypervisorFor, type Problem, problemOf } from './problem.ts'
import { refusal } from './refuse.ts'
import type { Arcs } from './route.ts'
import { type Budget, type Solution, search } from './search.ts'
import { type Topology, topologyOf } from './topology.ts'

/** Steps of the core (core/work.ts), some ten milliseconds, after which it is left open whether there is a mapping at all. */
const provingSteps = 2_000_000

/** Throws request.invalid where a link names a node that the request does not have: such a request was not validated. */
export const embed: Embed = (graph, usage, request, options = {}) => {
  checkLinks(request)
  const topology = topologyOf(graph)
  const budget = (): Budget => ({
    trees: options.trees ?? defaultTreesOf(topology.size),
    steps: provingSteps,
    deadlineMs: options.budgetMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.budgetMs,
  })
  const problem = problemOf(topology, usage, request, options)
  const result = search(problem, budget())
  return result.found
    ? { outcome: 'mapped', embedding: embeddingOf(graph, usage, request, options, problem, result) }
    : { outcome: 'refused', error: refusal({ problem, request, options, budget: budget() }) }
}

const checkLinks = ({ nodes, links }: VNetRequest): void => {
  const ids = new Set(nodes.map(({ id }) => id))
  for (const { id, a, b } of links)
    if (!a || !b || !ids.has(a.node) || !ids.has(b.node))
      throw new WeftError('request.invalid', `link ${id} does not join two nodes of the request`, {
        object: `link/${id}`,
      })
}

const embeddingOf = (
  graph: SubstrateGraph,
  usage: Usage,
  request: VNetRequest,
  { previous, taken }: EmbedOptions,
  problem: Problem,
  solution: Solution,
): Embedding => {
  const { topology } = problem
  const hosts = new Map<string, string>()
  const hypervisors = new Map<string, string>()
  const pools = new Map<string, string>()
  const paths = new Map<string, MappedPath>()
  let cost = 0
  for (const [index, demand] of problem.nodes.entries()) {
    const host = solution.hosts[index] as number
    const id = topology.nodes[host]?.id as string
    const stays = previous?.hosts.get(demand.id) === id
    hosts.set(demand.id, id)
    hypervisors.set(
      demand.id,
      hypervisorFor(problem, demand, host, stays ? previous?.hypervisors.get(demand.id) : undefined),
    )
    const name = taken?.get(demand.id) ?? demand.pool
    if (name !== undefined) pools.set(demand.id, name)
    const shape = problem.topology.nodes[host]?.pools.find((one) => one.name === name)
    cost += shape ? makeCpuMillis(shape) : demand.cpuMillis
  }
  for (const [index, { id, a, forward, backward }] of problem.links.entries()) {
    const arcs = solution.paths[index] ?? []
    paths.set(id, pathOf(topology, solution.hosts[a] as number, arcs))
    cost += ((forward + backward) / 1000) * arcs.length
  }
  return { hosts, hypervisors, nics: nicsOf(graph, usage, request, hosts, previous), paths, pools, cost }
}

const pathOf = (topology: Topology, start: number, arcs: Arcs): MappedPath => {
  const id = (node: number | undefined): string => topology.nodes[node as number]?.id as string
  return {
    nodes: [id(start), ...arcs.map((arc) => id(topology.head[arc]))],
    links: arcs.map((arc) => topology.links[arc >> 1]?.id as string),
  }
}

/** Physical interfaces by `node.index`: those had before on the same host, else the first that are free. */
const nicsOf = (
  graph: SubstrateGraph,
  usage: Usage,
  request: VNetRequest,
  hosts: ReadonlyMap<string, string>,
  previous: Embedding | undefined,
): ReadonlyMap<string, string> => {
  const substrate = new Map(graph.nodes.map((node) => [node.id, node]))
  const taken = new Set(usage.nics)
  const given = new Map<string, string>()
  const wanted = request.nodes.flatMap(({ id, interfaces }) =>
    interfaces
      .filter(({ physical }) => physical !== '')
      .map((one) => ({ ...one, node: id, key: `${id}.${one.index}` })),
  )
  const give = (key: string, host: string, nic: string, dedicated: boolean): void => {
    given.set(key, nic)
    if (dedicated) taken.add(`${host}/${nic}`)
  }
  for (const { node, key, physical } of wanted) {
    const host = hosts.get(node) as string
    const had = previous?.hosts.get(node) === host ? previous.nics.get(key) : undefined
    if (had === undefined) continue
    const dedicated = physical === 'dedicated'
    const offered = (dedicated ? substrate.get(host)?.nics : substrate.get(host)?.sharedNics) ?? []
    if (offered.includes(had) && !(dedicated && taken.has(`${host}/${had}`))) give(key, host, had, dedicated)
  }
  for (const { node, index, key, physical } of wanted) {
    if (given.has(key)) continue
    const host = hosts.get(node) as string
    const { nics = [], sharedNics = [] } = substrate.get(host) ?? {}
    const nic =
      physical === 'dedicated'
        ? nics.find((name) => !taken.has(`${host}/${name}`))
        : sharedNics[index % sharedNics.length]
    if (nic !== undefined) give(key, host, nic, physical === 'dedicated')
  }
  return given
}
