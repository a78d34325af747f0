/**
 * Judges what became of an instance, without any part of the mapper: replays arrivals and departures, counts each promise that is
 * broken, and adds up the figures of the literature.
 */
import type { Id, Instance, InstanceHost, InstanceRequest, Solution, Solutions } from './instance.ts'

export interface Verdict {
  /** Share of the requests that were accepted. */
  readonly rac: number
  /** Revenue over cost of the accepted, each weighted by its lifetime; NaN where none was accepted. */
  readonly lrc: number
  /** Share of all offered revenue × lifetime that was accepted. */
  readonly rev: number
  readonly accepted: number
  readonly violations: readonly string[]
}

/** Sum of CPU and bandwidth: what a request pays. */
export const revenueOf = ({ nodes, links }: InstanceRequest): number =>
  nodes.reduce((sum, { cpu }) => sum + cpu, 0) + links.reduce((sum, { bw }) => sum + bw, 0)

/** Sum of CPU and of bandwidth times the links that carry it: what it takes of the substrate. */
export const costOf = ({ nodes, links }: InstanceRequest, { paths }: Solution): number =>
  nodes.reduce((sum, { cpu }) => sum + cpu, 0) +
  links.reduce((sum, { bw }, i) => sum + bw * ((paths[i]?.length ?? 1) - 1), 0)

export interface Event {
  readonly at: number
  readonly request: number
  readonly arrives: boolean
}

/** In the order of time; who leaves at t makes room for who comes at t. */
export const eventsOf = (requests: readonly InstanceRequest[]): readonly Event[] =>
  requests
    .flatMap(({ arrival, lifetime }, request): Event[] => [
      { at: arrival, request, arrives: true },
      { at: arrival + lifetime, request, arrives: false },
    ])
    .sort((x, y) => x.at - y.at || Number(x.arrives) - Number(y.arrives) || x.request - y.request)

/** Floating-point sums are not exact. */
const tolerance = 1e-6

const within = (wanted: string, location: string | undefined): boolean => `${location ?? ''}/`.startsWith(`${wanted}/`)

/** What a solution breaks whatever else is there, and what it takes, by name. */
const takenBy = (
  { substrate }: Instance,
  wires: ReadonlyMap<string, { readonly delay: number }>,
  hosts: ReadonlyMap<Id, InstanceHost>,
  request: InstanceRequest,
  solution: Solution,
  broken: (what: string) => void,
): ReadonlyMap<string, number> => {
  const taken = new Map<string, number>()
  const add = (what: string, amount: number) => taken.set(what, (taken.get(what) ?? 0) + amount)
  const { nodes, links } = request
  if (solution.host.length !== nodes.length || new Set(solution.host).size !== nodes.length)
    broken('a host is missing or used twice')
  const hostOf = new Map(nodes.map(({ id }, i) => [id, solution.host[i]]))
  for (const node of nodes) {
    const host = hosts.get(hostOf.get(node.id) as Id)
    if (!host) {
      broken(`node ${node.id} is on none of the ${substrate.nodes.length} hosts`)
      continue
    }
    add(`cpu ${host.id}`, node.cpu)
    if (node.nics) add(`nics ${host.id}`, node.nics)
    if (node.location !== undefined && !within(node.location, host.location))
      broken(`node ${node.id} is in ${host.location}`)
    if (node.hypervisor !== undefined && host.hypervisors && !host.hypervisors.includes(node.hypervisor))
      broken(`${host.id} lacks ${node.hypervisor} for node ${node.id}`)
  }
  for (const [i, link] of links.entries()) {
    const path = solution.paths[i] ?? []
    const [a, b] = [hostOf.get(link.a), hostOf.get(link.b)]
    const ends = [path[0], path.at(-1)]
    if (!(ends[0] === a && ends[1] === b) && !(ends[0] === b && ends[1] === a))
      broken(`link ${i} does not join its hosts`)
    let delay = 0
    for (let hop = 1; hop < path.length; hop++) {
      const name = wireName(path[hop - 1] as Id, path[hop] as Id)
      const wire = wires.get(name)
      if (!wire) broken(`link ${i} crosses ${name}, which does not exist`)
      delay += wire?.delay ?? 0
      add(name, link.bw)
    }
    if (link.delay !== undefined && delay > link.delay + tolerance)
      broken(`link ${i} takes ${delay}, not ${link.delay} at most`)
  }
  return taken
}

const wireName = (a: Id, b: Id): string => `wire ${[String(a), String(b)].sort().join(' - ')}`

export const judge = (instance: Instance, solutions: Solutions): Verdict => {
  const { substrate, requests } = instance
  const violations: string[] = []
  if (solutions.length !== requests.length)
    violations.push(`${solutions.length} solutions for ${requests.length} requests`)
  const left = new Map<string, number>()
  for (const { id, cpu, nics } of substrate.nodes) left.set(`cpu ${id}`, cpu).set(`nics ${id}`, nics ?? 0)
  for (const { a, b, bw } of substrate.links) left.set(wireName(a, b), bw)
  const wires = new Map(substrate.links.map(({ a, b, delay = 0 }) => [wireName(a, b), { delay }]))
  const hosts = new Map(substrate.nodes.map((host) => [host.id, host]))
  const holds = new Map<number, ReadonlyMap<string, number>>()
  let [accepted, offered, gained, spent] = [0, 0, 0, 0]
  for (const { request: index, arrives } of eventsOf(requests)) {
    const request = requests[index] as InstanceRequest
    const solution = solutions[index]
    if (arrives) offered += revenueOf(request) * request.lifetime
    if (!solution) continue
    const broken = (what: string) => violations.push(`request ${request.id}: ${what}`)
    const taken = arrives ? takenBy(instance, wires, hosts, request, solution, broken) : holds.get(index)
    if (!taken) continue
    holds.set(index, taken)
    for (const [what, amount] of taken) {
      const rest = (left.get(what) ?? 0) + (arrives ? -amount : amount)
      left.set(what, rest)
      if (arrives && rest < -tolerance) broken(`${what} is overcommitted by ${-rest}`)
    }
    if (!arrives) continue
    accepted++
    gained += revenueOf(request) * request.lifetime
    spent += costOf(request, solution) * request.lifetime
  }
  return { rac: accepted / requests.length, lrc: gained / spent, rev: gained / offered, accepted, violations }
}
