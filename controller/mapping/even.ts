/**
 * Nodes spread evenly over hosts that they have to share, their links left aside: the largest first, each on the host that is emptiest with it
 * (R. L. Graham, Bounds on multiprocessing timing anomalies, 1969). What hosts take so, and somewhat more, is what they may take where links
 * decide as well.
 */
import { type Model, modelOf, occupancyOf } from './core/model.ts'
import type { Task } from './core/task.ts'

/** How full a host is: of the first resources of a task, what it has in all, by host; the share that is in use of the scarcest counts. */
export type Capacities = readonly Float64Array[]

/** What hosts take of a task at most. */
export interface Limit {
  /** Nodes on one host. */
  readonly perHost: number
  /** By resource, then by host; missing: all that is free. */
  readonly room: readonly Float64Array[]
  /** Hosts by node that keep it; missing: none are known. */
  readonly start?: Int32Array
}

/**
 * How much more than its part a host may take, in nodes of mean size: so that nodes can change places, but of equal ones no host has one
 * more than it need have.
 */
const slack = 0.99

/**
 * The limit that an even spread keeps; undefined where one node after the other finds no room.
 * @param loads by host: the part of what nodes prefer that is the same for all of them
 */
export const evenLimitOf = (task: Task, capacities: Capacities, loads: Float64Array): Limit | undefined => {
  const model = modelOf(task)
  const occupancy = occupancyOf(model)
  const room = capacities.map(() => new Float64Array(task.net.size))
  const count = new Int32Array(task.net.size)
  const fullness = (host: number, needs?: readonly number[]): number =>
    capacities.reduce((most, capacity, kind) => {
      const whole = capacity[host] as number
      const left = (task.room[kind]?.[host] as number) - (room[kind]?.[host] as number) - (needs?.[kind] ?? 0)
      return Math.max(most, whole > 0 ? 1 - left / whole : 0)
    }, 0)
  /** What it prefers first, then the emptiest, then the one with the fewest nodes. */
  const hostFor = (node: number): number => {
    const { needs, prefer } = task.nodes[node] ?? {}
    let [best, wish, full] = [-1, 0, 0]
    for (const host of model.candidates[node] as Int32Array) {
      if (!occupancy.fits(node, host)) continue
      const [wanted, filled] = [prefer ? (prefer[host] as number) - (loads[host] as number) : 0, fullness(host, needs)]
      const less =
        ascending(wanted, wish) || ascending(filled, full) || (count[host] as number) - (count[best] as number)
      if (best >= 0 && less >= 0) continue
      best = host
      wish = wanted
      full = filled
    }
    return best
  }
  for (const node of orderOf(model, capacities, loads)) {
    const host = hostFor(node)
    if (host < 0) return undefined
    occupancy.put(node, host)
    count[host] = (count[host] as number) + 1
    for (const [kind, taken] of room.entries())
      taken[host] = (taken[host] as number) + (task.nodes[node]?.needs[kind] ?? 0)
  }
  const fullest = count.reduce((most, nodes, host) => (nodes > 0 ? Math.max(most, fullness(host)) : most), 0)
  return {
    perHost: Math.max(...count),
    start: occupancy.hosts,
    room: capacities.map((capacity, kind) => loosened(task, kind, capacity, room[kind] as Float64Array, fullest)),
  }
}

/** Sums of floating point numbers that differ by less are equal. */
const epsilon = 1e-6

const ascending = (x: number, y: number): number => (Math.abs(x - y) < epsilon ? 0 : x - y)

/** Those that can be on one host only first, then those that prefer some, then the largest. */
const orderOf = ({ task, candidates }: Model, capacities: Capacities, loads: Float64Array): readonly number[] => {
  const totals = capacities.map((capacity) => capacity.reduce((sum, one) => sum + one, 1))
  const size = task.nodes.map(({ needs }) => Math.max(...totals.map((total, kind) => (needs[kind] ?? 0) / total)))
  const rank = task.nodes.map(({ prefer = loads }, node) =>
    candidates[node]?.length === 1 ? 0 : prefer !== loads ? 1 : 2,
  )
  return [...task.nodes.keys()].sort(
    (x, y) => (rank[x] as number) - (rank[y] as number) || (size[y] as number) - (size[x] as number) || x - y,
  )
}

/** Some more for each host, but none that makes it that much fuller than the fullest is. */
const loosened = (
  task: Task,
  kind: number,
  capacity: Float64Array,
  taken: Float64Array,
  fullest: number,
): Float64Array => {
  const more = (slack * task.nodes.reduce((sum, { needs }) => sum + (needs[kind] ?? 0), 0)) / task.nodes.length
  const hosts = capacity.filter((whole) => whole > 0)
  const mean = hosts.reduce((sum, whole) => sum + whole, 0) / Math.max(1, hosts.length)
  const level = fullest + (mean > 0 ? more / mean : 0)
  return taken.map((own, host) => {
    const whole = capacity[host] as number
    const below = level * whole - (whole - (task.room[kind]?.[host] as number))
    return Math.max(own, Math.min(own + more, below))
  })
}

/** The task where hosts take no more than that, and a part, from 0 to 1, of what they could take more. */
export const limited = (task: Task, { perHost, room, start }: Limit, part: number): Task => ({
  ...task,
  ...(start && { start }),
  perHost: Math.round(perHost + part * (task.nodes.length - perHost)),
  room: task.room.map((free, kind) => {
    const most = room[kind]
    if (!most) return free
    return free.map((left, host) =>
      Math.min(left, (most[host] as number) + part * Math.max(0, left - (most[host] as number))),
    )
  }),
})
