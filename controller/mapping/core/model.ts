/**
 * A task made ready for the search: its links by node, what each host costs a node by itself, and what is occupied.
 */
import type { Task } from './task.ts'

/** One end of a link, seen from a node. */
export interface Tie {
  readonly link: number
  /** The node at the other end, and on which side of the link it is. */
  readonly other: number
  readonly side: 0 | 1
  readonly weight: number
}

export interface Model {
  readonly task: Task
  /** By node; the heaviest first, since they find a path least. */
  readonly ties: readonly (readonly Tie[])[]
  /** By node, then host: what being there costs by itself; Infinity where it cannot be. */
  readonly alone: readonly Float64Array[]
  /** By node: the hosts where that is finite. */
  readonly candidates: readonly Int32Array[]
  /** By node: sum of the weights of its links. */
  readonly pull: Float64Array
  /** By node: those that may not share its host. */
  readonly apart: readonly (readonly number[])[]
}

export const modelOf = (task: Task): Model => {
  const ties: Tie[][] = task.nodes.map(() => [])
  for (const [link, { a, b, weight }] of task.links.entries()) {
    if (a === b) continue
    ties[a]?.push({ link, other: b, side: 1, weight })
    ties[b]?.push({ link, other: a, side: 0, weight })
  }
  for (const own of ties) own.sort((x, y) => y.weight - x.weight || x.link - y.link)
  const around = aroundOf(task)
  const alone = task.nodes.map((_, node) => aloneOf(task, node, around))
  const apart: number[][] = task.nodes.map(() => [])
  for (const [x, y] of task.apart ?? []) {
    apart[x]?.push(y)
    apart[y]?.push(x)
  }
  return {
    task,
    ties,
    alone,
    candidates: alone.map((costs, node) =>
      (task.nodes[node]?.hosts ?? new Int32Array()).filter((host) => Number.isFinite(costs[host])),
    ),
    pull: Float64Array.from(ties, (own) => own.reduce((sum, { weight }) => sum + weight, 0)),
    apart,
  }
}

/** What is free around each host, on all arcs that leave it and that lead to it. */
interface Around {
  readonly out: Float64Array
  readonly back: Float64Array
  /** What is added to the cost of a host for that and its room. */
  readonly thrift: Float64Array
}

/**
 * What is scarce has a price, since later requests need it: the well connected hosts, and of each resource large pieces that are free in one.
 * A host with as much free around it as the mean costs the first part of a hop of a link of mean weight, and one with as much free
 * of a resource the second, times the share of that which a node of the request needs at the mean (at most `mostScarce`).
 */
const [aroundPrice, roomPrice] = [0.3, 0.1]
const mostScarce = 4

/** Whether some link of the substrate has not free what some link of the task asks for: else nothing is scarce. */
export const isScarce = ({ rates, links }: Task): boolean => {
  const most = links.reduce((rate, { forward, backward }) => Math.max(rate, forward, backward), 0)
  return rates.some((rate) => rate < most)
}

const aroundOf = (task: Task): Around => {
  const { net, rates, links, room, nodes } = task
  const { size, first, arcs } = net
  const [out, back, thrift] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)]
  let sum = 0
  for (let host = 0; host < size; host++) {
    for (let i = first[host] as number; i < (first[host + 1] as number); i++) {
      const arc = arcs[i] as number
      out[host] = (out[host] as number) + Math.max(0, rates[arc] as number)
      back[host] = (back[host] as number) + Math.max(0, rates[arc ^ 1] as number)
    }
    sum += out[host] as number
  }
  if (!isScarce(task)) return { out, back, thrift }
  const weight = links.reduce((total, link) => total + link.weight, 0) / Math.max(1, links.length)
  const charge = (free: Float64Array, total: number, price: number): void => {
    if (total <= 0) return
    const unit = (price * weight * size) / total
    for (let host = 0; host < size; host++)
      thrift[host] = (thrift[host] as number) + unit * Math.max(0, free[host] as number)
  }
  charge(out, sum, aroundPrice)
  for (const [kind, free] of room.entries()) {
    const needed = nodes.reduce((total, { needs }) => total + (needs[kind] ?? 0), 0)
    if (needed === 0) continue
    const total = free.reduce((all, one) => all + Math.max(0, one), 0)
    const scarcity = (needed / nodes.length / total) * size
    charge(free, total, roomPrice * Math.min(mostScarce, scarcity))
  }
  return { out, back, thrift }
}

const aloneOf = (task: Task, node: number, around: Around): Float64Array => {
  const { needs = [], hosts = new Int32Array(), prefer } = task.nodes[node] ?? {}
  const costs = new Float64Array(task.net.size).fill(Number.POSITIVE_INFINITY)
  // Where hosts are all different, every link leaves them: what leaves a host together is what its links have.
  const [out, back] = task.perHost === 1 ? ratesOf(task, node) : [0, 0]
  const isRoomy = (host: number): boolean =>
    needs.every((need, kind) => need === 0 || need <= (task.room[kind]?.[host] ?? 0))
  for (const host of hosts) {
    if (!isRoomy(host) || (around.out[host] as number) < out || (around.back[host] as number) < back) continue
    costs[host] = (prefer?.[host] ?? 0) + (around.thrift[host] as number)
  }
  return costs
}

/** What a node's links send and receive in all. */
const ratesOf = ({ links }: Task, node: number): readonly [number, number] => {
  let [out, back] = [0, 0]
  for (const { a, b, forward, backward } of links) {
    if (a === b || (a !== node && b !== node)) continue
    out += a === node ? forward : backward
    back += a === node ? backward : forward
  }
  return [out, back]
}

/** Which nodes are where, and what that leaves of the hosts. */
export interface Occupancy {
  /** Host by node; -1: not placed. */
  readonly hosts: Int32Array
  readonly put: (node: number, host: number) => void
  readonly lift: (node: number) => void
  /** Whether a node that is not placed can be on one of its candidates beside those that are placed. */
  readonly fits: (node: number, host: number) => boolean
  readonly clear: () => void
}

export const occupancyOf = ({ task, apart }: Model): Occupancy => {
  const hosts = new Int32Array(task.nodes.length).fill(-1)
  const count = new Int32Array(task.net.size)
  const shared = task.perHost > 1
  const left = shared ? task.room.map((room) => room.slice()) : []
  const take = (node: number, host: number, sign: 1 | -1): void => {
    count[host] = (count[host] as number) + sign
    const needs = task.nodes[node]?.needs ?? []
    for (const [kind, room] of left.entries()) room[host] = (room[host] as number) - sign * (needs[kind] ?? 0)
  }
  const isRoomy = (node: number, host: number): boolean =>
    (task.nodes[node]?.needs ?? []).every((need, kind) => need === 0 || need <= (left[kind]?.[host] ?? 0)) &&
    (apart[node] ?? []).every((other) => hosts[other] !== host)
  const lift = (node: number): void => {
    const host = hosts[node] as number
    if (host < 0) return
    hosts[node] = -1
    take(node, host, -1)
  }
  return {
    hosts,
    put: (node, host) => {
      hosts[node] = host
      take(node, host, 1)
    },
    lift,
    fits: (node, host) =>
      count[host] === 0 || (shared && (count[host] as number) < task.perHost && isRoomy(node, host)),
    clear: () => {
      for (let node = 0; node < hosts.length; node++) lift(node)
    },
  }
}
