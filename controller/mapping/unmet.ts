/**
 * The words of a refusal: what is short, how much is needed, how much the best candidate has, and what would be right.
 */
import { formatCpu, formatDuration, formatRate, formatSize } from '../units.ts'
import { type Constraint, type Kind, type LinkKind, meets, type NodeKind, nodeKinds } from './constraints.ts'
import { pairsOf, pairsTried } from './pairs.ts'
import { distanceKm, placeText } from './place.ts'
import { type LinkDemand, type NodeDemand, type Problem, routeOf } from './problem.ts'
import { delayOf, findPath, type Route } from './route.ts'

export interface Binding extends Constraint {
  /** Whether its object can be nowhere even without the rest of the request. */
  readonly alone: boolean
  /** Kinds that had to be relaxed as well. */
  readonly beside: readonly Kind[]
}

export interface Text {
  readonly object?: string | undefined
  readonly message: string
  readonly hint: string
}

/** `now`: the substrate could carry the request if less were reserved. */
export const textOf = (problem: Problem, binding: Binding, now: boolean): Text => {
  const { kind, node, link, host } = binding
  const { topology } = problem
  if (topology.hosts.length === 0)
    return { message: 'the substrate has no host that can be used', hint: 'start the agents' }
  const free = now ? 'free' : 'in all'
  const text =
    kind === 'away'
      ? awayText(problem, node, link, host)
      : node !== undefined
        ? nodeText(problem, problem.nodes[node] as NodeDemand, kind as NodeKind, binding.alone, free)
        : link !== undefined
          ? linkText(problem, problem.links[link] as LinkDemand, kind as LinkKind, binding.alone, free)
          : togetherText(problem, kind, free)
  if (binding.beside.length === 0) return text
  const others = binding.beside.map((one) => words[one]).join(', ')
  return { ...text, message: `${text.message}, and that does not suffice: ${others} bind as well` }
}

const words: Readonly<Record<Kind, string>> = {
  away: 'hosts that are away',
  memory: 'memory',
  disk: 'disk',
  cpu: 'CPU',
  nics: 'physical interfaces',
  bandwidth: 'bandwidth',
  delay: 'delay',
  technology: 'link technology',
  path: 'paths',
  image: 'images',
  datapath: 'data paths',
  hypervisor: 'hypervisors',
  location: 'locations',
  fixed: 'nodes that must stay where they are',
}

const idOf = (problem: Problem, node: number): string => problem.topology.nodes[node]?.id ?? ''

const awayText = (problem: Problem, node?: number, link?: number, host?: number): Text => {
  const away = [...problem.excluded.keys()].filter((one) => problem.excluded[one])
  const hosts = (host === undefined ? away : [host]).map((one) => idOf(problem, one)).join(', ')
  const hint = `wait until they are back: ${hosts}`
  if (node !== undefined) {
    const { id } = problem.nodes[node] as NodeDemand
    return { object: `node/${id}`, message: `node ${id} fits only on hosts that are away or drained`, hint }
  }
  if (link !== undefined) {
    const { id } = problem.links[link] as LinkDemand
    return { object: `link/${id}`, message: `link ${id} fits only over hosts that are away or drained`, hint }
  }
  const object = host === undefined ? undefined : `host/${idOf(problem, host)}`
  return { object, message: `the request fits only with hosts that are away or drained: ${hosts}`, hint }
}

/** A node's constraint against the best of the hosts that keep all its others (or of all, where none does). */
const nodeText = (problem: Problem, node: NodeDemand, kind: NodeKind, alone: boolean, free: string): Text => {
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
    case 'image':
      return lacks(`the image "${node.image}"`, (host) => at(host)?.images ?? [])
    case 'datapath':
      return lacks(`the data path ${node.forwardings.join(' and ')}`, (host) => at(host)?.datapaths ?? [])
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
    case 'away':
      return awayText(problem)
  }
}

const listed = (problem: Problem, hosts: readonly number[]): string => {
  const names = hosts.slice(0, 5).map((host) => idOf(problem, host))
  return names.join(', ') + (hosts.length > names.length ? ` and ${hosts.length - names.length} more` : '')
}

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

/** A link's constraint against the best path between hosts that suit its two nodes. */
const linkText = (problem: Problem, link: LinkDemand, kind: LinkKind, alone: boolean, free: string): Text => {
  const object = `link/${link.id}`
  const [a, b] = [problem.nodes[link.a]?.id, problem.nodes[link.b]?.id]
  const beside = alone ? '' : ' beside the other links'
  const best = bestOf(problem, link, kind)
  switch (kind) {
    case 'bandwidth': {
      const short = best.forward < link.forward ? 'forward' : 'backward'
      const way = short === 'forward' ? `from ${a} to ${b}` : `from ${b} to ${a}`
      return {
        object,
        message: `link ${link.id} needs ${formatRate(link[short])} ${way}${beside}; the widest path has ${formatRate(Math.max(0, best[short]))} ${free}`,
        hint: best[short] < link[short] ? `ask for at most ${formatRate(Math.max(0, best[short]))}` : 'ask for less',
      }
    }
    case 'delay': {
      const quickest = Number.isFinite(best.delay)
        ? `the quickest path takes ${formatDuration(best.delay)}`
        : 'no path is quick enough'
      return {
        object,
        message: `link ${link.id} allows ${formatDuration(link.delay)} between ${a} and ${b}${beside}; ${quickest}`,
        hint:
          Number.isFinite(best.delay) && best.delay > link.delay ? `allow ${formatDuration(best.delay)}` : 'allow more',
      }
    }
    case 'technology':
      return {
        object,
        message: `link ${link.id} needs ${link.technology} tunnels between ${a} and ${b}${beside}; no path is over hosts whose data paths all make them`,
        hint: `offered: ${[...new Set(problem.topology.nodes.flatMap(({ datapaths }) => datapaths))].sort().join(', ') || 'none'}`,
      }
    case 'path':
      return {
        object,
        message: `no path joins hosts for ${a} and ${b}, the ends of link ${link.id}${beside}`,
        hint: 'join them in the substrate, or let the nodes be on other hosts',
      }
  }
}

/** The most that any path has in each direction, and the least delay, each while the link's other constraints hold. */
const bestOf = (problem: Problem, link: LinkDemand, kind: LinkKind) => {
  const best = { forward: 0, backward: 0, delay: Number.POSITIVE_INFINITY }
  if (kind !== 'bandwidth' && kind !== 'delay') return best
  const { topology, free } = problem
  const rates = [...new Set(free.rates)].sort((x, y) => x - y)
  let left = Math.min(100, pairsTried)
  for (const [from, to] of pairsOf(problem, link)) {
    const route = from === to ? undefined : routeOf(problem, link, from, to)
    if (!route) continue
    if (left-- === 0) break
    if (kind === 'bandwidth') {
      best.forward = widest(rates, best.forward, (forward) => findable({ ...route, forward, backward: 0 }))
      best.backward = widest(rates, best.backward, (backward) => findable({ ...route, forward: 0, backward }))
    } else {
      const path = findPath(topology, free.rates, { ...route, delay: Number.POSITIVE_INFINITY }, 'delay')
      if (path) best.delay = Math.min(best.delay, delayOf(topology, path))
    }
  }
  return best

  function findable(route: Route): boolean {
    return findPath(topology, free.rates, route) !== undefined
  }
}

/** The greatest of the rates (ascending) above `least` that is still found, else `least`. */
const widest = (rates: readonly number[], least: number, found: (rate: number) => boolean): number => {
  let [low, high] = [-1, rates.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const rate = rates[middle] as number
    if (rate <= least || found(rate)) low = middle
    else high = middle - 1
  }
  return Math.max(least, low < 0 ? 0 : (rates[low] as number))
}

/** No one object decides: what all need together. */
const togetherText = (problem: Problem, kind: Kind, free: string): Text => {
  const { nodes, links, topology } = problem
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + Math.max(0, value), 0)
  const left = (of: ArrayLike<number>): number =>
    sum(topology.hosts.filter((h) => !problem.excluded[h]).map((h) => of[h] as number))
  const text = (need: string, have: string): Text => ({
    message: `the ${nodes.length} nodes need ${need} together; the hosts have ${have} ${free}`,
    hint: 'ask for less, or for fewer nodes',
  })
  switch (kind) {
    case 'memory':
      return text(
        `${formatSize(sum(nodes.map((n) => n.memoryBytes)))} of memory`,
        formatSize(left(problem.free.memoryBytes)),
      )
    case 'disk':
      return text(`${formatSize(sum(nodes.map((n) => n.diskBytes)))} of disk`, formatSize(left(problem.free.diskBytes)))
    case 'cpu':
      return text(formatCpu(sum(nodes.map((n) => n.cpuMillis))), formatCpu(left(problem.free.cpuMillis)))
    case 'nics':
      return text(`${sum(nodes.map((n) => n.dedicated))} dedicated interfaces`, String(left(problem.free.nics)))
    case 'bandwidth':
      return {
        message: `the ${links.length} links do not find the bandwidth they need beside each other`,
        hint: 'ask for less bandwidth',
      }
    default:
      return {
        message: `the request does not fit for its ${words[kind]}, of several objects together`,
        hint: `relax the ${words[kind]} of some of them`,
      }
  }
}
