/**
 * A mapping under way, with its paths: what is placed is routed at once over what the others leave, and can be taken out again.
 */
import { type Model, type Occupancy, occupancyOf, type Tie } from './model.ts'
import { pathsOf, takePath } from './path.ts'
import { addPulls } from './pull.ts'
import { type Reach, unreached } from './reach.ts'
import type { TaskLink } from './task.ts'
import type { Work } from './work.ts'

/** A mapping as it stood. */
export interface Snapshot {
  readonly hosts: Int32Array
  readonly paths: readonly (readonly number[])[]
  /** Of what is placed. */
  readonly cost: number
  readonly missing: number
}

export interface Routed {
  readonly occupancy: Occupancy
  /**
   * Places a node on a host and routes its links to what is placed; false, and nothing changed, where one finds no path, or where all
   * that is placed then costs more than the limit.
   */
  readonly put: (node: number, host: number, limit?: number) => boolean
  readonly lift: (node: number) => void
  /**
   * Puts a node where it costs least now; false where it can be nowhere so that all that is placed costs at most the limit.
   * `costs` are, by host, at least what being there costs, and are used up; Infinity where it cannot be.
   */
  readonly insert: (node: number, costs?: Float64Array, limit?: number) => boolean
  readonly restore: (snapshot: Snapshot) => void
  readonly snapshot: () => Snapshot
  readonly cost: () => number
  readonly missing: () => number
}

/** So many of the cheapest hosts are tried for a node, before it is said to fit nowhere. */
const hostsTried = 4

export const routedOf = (model: Model, reach: Reach, work: Work): Routed => {
  const { task, ties, alone, candidates } = model
  const { net, links } = task
  const occupancy = occupancyOf(model)
  const { hosts } = occupancy
  const rates = task.rates.slice()
  const paths: (readonly number[])[] = links.map(() => [])
  const finder = pathsOf(task, rates, work)
  let sum = 0
  let missing = task.nodes.length

  const unroute = (link: number): void => {
    const { weight } = links[link] as TaskLink
    const path = paths[link] as readonly number[]
    takePath(rates, links[link] as TaskLink, path, -1)
    sum -= weight * path.length
    paths[link] = []
  }

  const takeOut = (node: number, own: readonly Tie[]): void => {
    for (const { link, other } of own) if ((hosts[other] as number) >= 0) unroute(link)
    sum -= (alone[node] as Float64Array)[hosts[node] as number] as number
    occupancy.lift(node)
    missing++
  }

  const lift = (node: number): void => {
    if ((hosts[node] as number) >= 0) takeOut(node, ties[node] ?? [])
  }

  /** What being there costs at least, with links to all that is placed. */
  const leastAt = (node: number, host: number): number => {
    let cost = (alone[node] as Float64Array)[host] as number
    for (const { link, other, side, weight } of ties[node] ?? []) {
      const to = hosts[other] as number
      if (to >= 0) cost += weight * (reach.hops(link, side, to)[host] as number)
    }
    return cost
  }

  const put = (node: number, host: number, limit = Number.POSITIVE_INFINITY): boolean => {
    let slack = limit - sum - leastAt(node, host)
    if (slack < -1e-9) return false
    const own = ties[node] as readonly Tie[]
    occupancy.put(node, host)
    sum += (alone[node] as Float64Array)[host] as number
    missing--
    for (let at = 0; at < own.length; at++) {
      const { link, other, side, weight } = own[at] as Tie
      const to = hosts[other] as number
      if (to < 0) continue
      const asked = links[link] as TaskLink
      const row = reach.hops(link, side, to)
      const extra = Math.floor(slack / weight + 1e-6)
      const mayEnd = reach.row(link, side, to)[host] !== unreached
      const path = mayEnd ? finder.find(asked, side === 0 ? 1 : 0, host, to, row, extra) : undefined
      if (!path) {
        takeOut(node, own.slice(0, at))
        return false
      }
      if (side === 0) turn(path)
      takePath(rates, asked, path, 1)
      paths[link] = path
      sum += weight * path.length
      slack -= weight * (path.length - (row[host] as number))
    }
    return true
  }

  /** For each candidate: at least what being there costs towards all that is placed. */
  const estimate = (node: number): Float64Array => {
    const costs = (alone[node] as Float64Array).slice()
    work.add((net.size + addPulls(model, reach, hosts, node, costs)) >> 2)
    for (const host of hosts) if (host >= 0 && !occupancy.fits(node, host)) costs[host] = Number.POSITIVE_INFINITY
    return costs
  }

  const insert = (node: number, costs = estimate(node), limit = Number.POSITIVE_INFINITY): boolean => {
    const own = candidates[node] as Int32Array
    const before = sum
    let chosen = -1
    let least = limit - before + 1e-9
    for (let tries = 0; tries < hostsTried; tries++) {
      let best = -1
      let low = least - 1e-9
      for (let i = 0; i < own.length; i++) {
        const host = own[i] as number
        if ((costs[host] as number) < low) {
          low = costs[host] as number
          best = host
        }
      }
      work.add(8 + (own.length >> 3))
      if (best < 0) break
      costs[best] = Number.POSITIVE_INFINITY
      if (!put(node, best, before + least)) continue
      const cost = sum - before
      if (cost <= low + 1e-9) return true
      if (cost < least) {
        least = cost
        chosen = best
      }
      lift(node)
    }
    return chosen >= 0 && put(node, chosen)
  }

  return {
    occupancy,
    put,
    lift,
    insert,
    restore: (snapshot) => {
      for (let link = 0; link < links.length; link++) {
        const [now, then] = [paths[link] as readonly number[], snapshot.paths[link] as readonly number[]]
        if (now === then) continue
        takePath(rates, links[link] as TaskLink, now, -1)
        takePath(rates, links[link] as TaskLink, then, 1)
        paths[link] = then
      }
      for (let node = 0; node < hosts.length; node++) if (hosts[node] !== snapshot.hosts[node]) occupancy.lift(node)
      for (let node = 0; node < hosts.length; node++) {
        const host = snapshot.hosts[node] as number
        if (hosts[node] !== host && host >= 0) occupancy.put(node, host)
      }
      sum = snapshot.cost
      missing = snapshot.missing
    },
    snapshot: () => ({ hosts: hosts.slice(), paths: paths.slice(), cost: sum, missing }),
    cost: () => sum,
    missing: () => missing,
  }
}

/** The same path from its other end. */
const turn = (path: number[]): void => {
  path.reverse()
  for (let i = 0; i < path.length; i++) path[i] = (path[i] as number) ^ 1
}
