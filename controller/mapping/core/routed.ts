/**
 * A mapping under way, with its paths: what is placed is routed at once over what the others leave, and can be taken out again.
 */
import { type Model, type Occupancy, occupancyOf } from './model.ts'
import { pathsOf, takePath } from './path.ts'
import { addPulls } from './pull.ts'
import type { Reach } from './reach.ts'
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
  /** Places a node on a host and routes its links to what is placed; false, and nothing changed, where one finds no path. */
  readonly put: (node: number, host: number) => boolean
  readonly lift: (node: number) => void
  /** Puts a node where it costs least now; false where it can be nowhere. */
  readonly insert: (node: number, avoid?: number) => boolean
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
  const costs = new Float64Array(net.size)
  let sum = 0
  let missing = task.nodes.length

  const unroute = (link: number): void => {
    const { weight } = links[link] as TaskLink
    const path = paths[link] as readonly number[]
    takePath(rates, links[link] as TaskLink, path, -1)
    sum -= weight * path.length
    paths[link] = []
  }

  const lift = (node: number): void => {
    const host = hosts[node] as number
    if (host < 0) return
    for (const { link, other } of ties[node] ?? []) if ((hosts[other] as number) >= 0) unroute(link)
    sum -= (alone[node] as Float64Array)[host] as number
    occupancy.lift(node)
    missing++
  }

  const put = (node: number, host: number): boolean => {
    const done: number[] = []
    occupancy.put(node, host)
    sum += (alone[node] as Float64Array)[host] as number
    missing--
    for (const { link, other, side, weight } of ties[node] ?? []) {
      const to = hosts[other] as number
      if (to < 0) continue
      const path = finder.find(links[link] as TaskLink, side === 0 ? 1 : 0, host, to, reach.hops(link, side, to))
      if (path && side === 0) turn(path)
      if (!path) {
        for (const one of done) unroute(one)
        sum -= (alone[node] as Float64Array)[host] as number
        occupancy.lift(node)
        missing++
        return false
      }
      takePath(rates, links[link] as TaskLink, path, 1)
      paths[link] = path
      sum += weight * path.length
      done.push(link)
    }
    return true
  }

  /** Into `costs`, for each of its candidates: at least what being there costs towards all that is placed. */
  const estimate = (node: number, avoid: number): void => {
    const own = candidates[node] as Int32Array
    const base = alone[node] as Float64Array
    for (let i = 0; i < own.length; i++) {
      const host = own[i] as number
      costs[host] = host === avoid || !occupancy.fits(node, host) ? Number.POSITIVE_INFINITY : (base[host] as number)
    }
    work.add(own.length * 2 + addPulls(model, reach, hosts, node, costs))
  }

  const insert = (node: number, avoid = -1): boolean => {
    estimate(node, avoid)
    const own = candidates[node] as Int32Array
    let [chosen, least] = [-1, Number.POSITIVE_INFINITY]
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
      if (best < 0) break
      costs[best] = Number.POSITIVE_INFINITY
      const before = sum
      if (!put(node, best)) continue
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
