/**
 * The words for a node that does not fit.
 */
import type { PoolShape } from '../../proto/generated/weft.v1.ts'
import { formatCpu, formatSize } from '../units.ts'
import { meets, type NodeKind, nodeKinds } from './constraints.ts'
import { distanceKm, placeText } from './place.ts'
import { noShape } from './pools.ts'
import type { NodeDemand, Problem } from './problem.ts'

export interface Text {
  readonly object?: string | undefined
  readonly message: string
  readonly hint: string
}

export const idOf = (problem: Problem, node: number): string => problem.topology.nodes[node]?.id ?? ''

/** A node's constraint against the best of the hosts that keep all its others (or of all, where none does). */
export const nodeText = (
  problem: Problem,
  node: NodeDemand,
  kind: Exclude<NodeKind, 'away'>,
  alone: boolean,
  free: string,
): Text => {
  const { topology } = problem
  const keepsOthers = (host: number): boolean =>
    nodeKinds.every((one) => one === kind || meets(one, problem, problem.free, node, host))
  const right = topology.hosts.filter(keepsOthers)
  const among = right.length > 0 ? right : topology.hosts
  const beside = alone ? '' : ' beside the other nodes'
  const object = `node/${node.id}`
  const amount = (needed: number, left: ArrayLike<number>, format: (value: number) => string, what: string): Text => {
    const best = among.reduce((x, y) => ((left[y] as number) > (left[x] as number) ? y : x))
    const most = format(Math.max(0, left[best] as number))
    return {
      object,
      message: `node ${node.id} needs ${format(needed)}${what}${beside}; ${idOf(problem, best)} has most, ${most} ${free}`,
      hint: alone ? `ask for at most ${most}` : 'ask for less, or let nodes with less share its host',
    }
  }
  const lacks = (what: string, offered: (host: number) => readonly string[]): Text => {
    const all = [...new Set(among.flatMap(offered))].sort().join(', ')
    return {
      object,
      message: `node ${node.id} needs ${what}${beside}; none of ${listed(problem, among)} has it${alone ? '' : ' and room'}`,
      hint: `offered there: ${all || 'none'}`,
    }
  }
  const at = (host: number) => topology.nodes[host]
  switch (kind) {
    case 'memory':
      return amount(node.memoryBytes, problem.free.memoryBytes, formatSize, ' of memory')
    case 'disk':
      return amount(node.diskBytes, problem.free.diskBytes, formatSize, ' of disk')
    case 'cpu':
      return amount(node.cpuMillis, problem.free.cpuMillis, formatCpu, '')
    case 'nics':
      return node.shared && !among.some((host) => at(host)?.sharedNics.length)
        ? lacks('a shared physical interface', (host) => at(host)?.sharedNics ?? [])
        : amount(node.dedicated, problem.free.nics, String, ' dedicated physical interfaces')
    case 'pool':
      return poolText(problem, node, among, beside)
    case 'image':
      return lacks(`the image "${node.image}"`, (host) => at(host)?.images ?? [])
    case 'datapath':
      return lacks(`the data path ${node.forwardings.join(' and ')}`, (host) => at(host)?.datapaths ?? [])
    case 'pins':
      return pinsText(problem, node, among, beside)
    case 'hypervisor': {
      const wanted = node.hypervisor === 'any' ? 'a hypervisor' : `the hypervisor ${node.hypervisor}`
      return lacks(wanted, (host) => at(host)?.hypervisors ?? [])
    }
    case 'location':
      return placeTextOf(problem, node, among, beside)
    case 'fixed':
      return {
        object,
        message: `node ${node.id} must stay where it is, ${node.fixed === undefined || node.fixed < 0 ? 'which is no host of the substrate any more' : `on ${idOf(problem, node.fixed)}`}`,
        hint: 'move the node, or remove and create it',
      }
  }
}

const listed = (problem: Problem, hosts: readonly number[]): string => {
  const names = hosts.slice(0, 5).map((host) => idOf(problem, host))
  return names.join(', ') + (hosts.length > names.length ? ` and ${hosts.length - names.length} more` : '')
}

const pinsText = (problem: Problem, node: NodeDemand, among: readonly number[], beside: string): Text => {
  const cpusOf = (host: number): number => problem.topology.nodes[host]?.cpus ?? 0
  const best = among.reduce((x, y) => (cpusOf(y) > cpusOf(x) ? y : x))
  const [most, last] = [cpusOf(best), cpusOf(best) - 1]
  return {
    object: `node/${node.id}`,
    message: `node ${node.id} is pinned to CPU ${node.leastCpus - 1}${beside}; ${idOf(problem, best)} has most, ${most}`,
    hint: last > 0 ? `CPUs are numbered from 0: pin it to some of 0-${last}` : 'pin it to CPU 0, or to none',
  }
}

const poolText = (problem: Problem, node: NodeDemand, among: readonly number[], beside: string): Text => {
  const object = `node/${node.id}`
  const shapes = new Map(problem.topology.nodes.flatMap(({ pools }) => pools.map((shape) => [shape.name, shape])))
  if (node.pool === undefined || node.pool === noShape) {
    const all = [...shapes.values()].map(({ name, ...make }) => `${name} (${makeText(make)})`).join(', ')
    return {
      object,
      message: `node ${node.id} is to be taken from a pool, and none has what it asks for`,
      hint:
        all === ''
          ? 'allocation on-demand: the provider has no pools'
          : `what pools have: ${all}; or allocation on-demand`,
    }
  }
  return {
    object,
    message: `node ${node.id} needs an idle node of the pool ${node.pool}${beside}; none of ${listed(problem, among)} has one`,
    hint: 'wait until the pool is filled again, or ask for allocation on-demand',
  }
}

const makeText = ({ hypervisor, image, memoryBytes }: Omit<PoolShape, 'name'>): string =>
  [hypervisor, image, memoryBytes > 0 ? formatSize(memoryBytes) : ''].filter((part) => part !== '').join(', ')

const placeTextOf = (problem: Problem, node: NodeDemand, among: readonly number[], beside: string): Text => {
  const object = `node/${node.id}`
  const at = (host: number) => problem.topology.nodes[host]?.location
  const near = among
    .map((host) => ({ host, km: distanceKm(node.location, at(host)) }))
    .filter((one): one is { host: number; km: number } => one.km !== undefined)
    .sort((x, y) => x.km - y.km)[0]
  const places = [...new Set(among.map((host) => placeText(at(host))))].slice(0, 10).join('; ')
  const wanted = placeText(node.location)
  return near
    ? {
        object,
        message: `node ${node.id} must be within ${node.location?.withinKm} km of ${wanted}${beside}; the nearest host that would do is ${idOf(problem, near.host)}, ${Math.ceil(near.km)} km away`,
        hint: `allow ${Math.ceil(near.km)} km`,
      }
    : {
        object,
        message: `node ${node.id} must be at ${wanted}${beside}; no host there would do`,
        hint: `hosts that would do are at: ${places}`,
      }
}
