/**
 * The cheapest paths for nodes that are placed: every simple path that can pay is tried where links want the same, in the order of
 * their hops. What it finds least is least, unless it gave up.
 */
import { pathsOf, takePath } from './path.ts'
import type { Reach, Row } from './reach.ts'
import type { Task, TaskLink } from './task.ts'
import type { Work } from './work.ts'

/** Work after which the paths of one placement are given up: trees, or steps on a substrate whose trees are few of them. */
const [mostTrees, mostSteps] = [4, 10_000]

export interface Routes {
  /**
   * How much the cheapest paths of these links cost beyond their distances, less than `slack`; Infinity: none do. NaN: not
   * known, it was given up. The paths are then `paths`, by link.
   */
  readonly surplus: (hosts: Int32Array, links: readonly number[], slack: number) => number
  readonly paths: (readonly number[])[]
}

export const routesOf = (task: Task, reach: Reach, work: Work, epsilon: number): Routes => {
  const { net, links } = task
  const { first, arcs, head, delay } = net
  const rates = task.rates.slice()
  const finder = pathsOf(task, rates, work)
  const paths: (readonly number[])[] = links.map(() => [])
  const best: (readonly number[])[] = links.map(() => [])
  const onPath = new Uint8Array(links.length * net.size)
  const trail: number[][] = links.map(() => [])
  const longest = Math.max(mostTrees, mostSteps / (net.size + head.length))
  let order: number[] = []
  let hosts: Int32Array = new Int32Array()
  /** Of the best found so far, of what is under way: less than this. */
  let least = Number.POSITIVE_INFINITY
  let last = 0
  let gaveUp = false

  const rowOf = (link: number): Row => reach.hops(link, 1, hosts[(links[link] as TaskLink).b] as number)
  const fromOf = (link: number): number => hosts[(links[link] as TaskLink).a] as number

  /** One link after the other by a shortest path; the first that finds none is asked first next time. */
  const isQuick = (): boolean => {
    for (let tries = 0; tries <= order.length; tries++) {
      let failed = -1
      let done = 0
      for (; done < order.length && failed < 0; done++) {
        const link = order[done] as number
        const row = rowOf(link)
        const [from, to] = [fromOf(link), hosts[(links[link] as TaskLink).b] as number]
        const path = finder.find(links[link] as TaskLink, 0, from, to, row)
        if (path && path.length === row[from]) {
          paths[link] = path
          takePath(rates, links[link] as TaskLink, path, 1)
        } else failed = done--
      }
      for (let i = 0; i < done; i++) {
        const link = order[i] as number
        takePath(rates, links[link] as TaskLink, paths[link] as readonly number[], -1)
      }
      if (failed < 0) return true
      if (failed === 0) return false
      const [link] = order.splice(failed, 1)
      order.unshift(link as number)
    }
    return false
  }

  /** The links from the one at `index` on, which together may cost less than `least` beyond their distances. */
  const routeFrom = (index: number, surplus: number): void => {
    if (index === order.length) {
      least = surplus
      for (const link of order) best[link] = paths[link] as readonly number[]
      return
    }
    const link = order[index] as number
    const hops = rowOf(link)[fromOf(link)] as number
    const { weight } = links[link] as TaskLink
    for (let more = 0; hops + more < net.size && surplus + more * weight < least - epsilon; more++) {
      grow(index, link, fromOf(link), hops + more, 0, surplus + more * weight)
      if (gaveUp || least <= epsilon) return
    }
  }

  /** Every way on from a node to the end of the link in exactly so many hops. */
  const grow = (index: number, link: number, node: number, left: number, spent: number, surplus: number): void => {
    const asked = links[link] as TaskLink
    const way = trail[link] as number[]
    if (left === 0) {
      paths[link] = way.slice()
      takePath(rates, asked, way, 1)
      const taken = paths[link] as readonly number[]
      routeFrom(index + 1, surplus)
      takePath(rates, asked, taken, -1)
      return
    }
    const row = rowOf(link)
    const to = hosts[asked.b] as number
    const marks = link * net.size
    const end = first[node + 1] as number
    work.add(end - (first[node] as number) + 1)
    if (work.trees() > last || work.isOver()) gaveUp = true
    onPath[marks + node] = 1
    for (let i = first[node] as number; i < end && !gaveUp; i++) {
      const arc = arcs[i] as number
      const next = head[arc] as number
      if (onPath[marks + next] === 1 || (next === to) !== (left === 1)) continue
      if (left > 1 && ((row[next] as number) > left - 1 || asked.passable?.[next] === 0)) continue
      const total = spent + (delay[arc >> 1] as number)
      if (total > asked.delay || asked.usable?.[arc >> 1] === 0) continue
      if (asked.forward > 0 && (rates[arc] as number) < asked.forward) continue
      if (asked.backward > 0 && (rates[arc ^ 1] as number) < asked.backward) continue
      way.push(arc)
      grow(index, link, next, left - 1, total, surplus)
      way.pop()
      if (surplus >= least - epsilon) break
    }
    onPath[marks + node] = 0
  }

  return {
    paths: best,
    surplus: (places, wanted, slack) => {
      hosts = places
      order = wanted.filter((link) => {
        const { a, b } = links[link] as TaskLink
        if (hosts[a] !== hosts[b]) return true
        best[link] = []
        return false
      })
      if (isQuick()) {
        for (const link of order) best[link] = paths[link] as readonly number[]
        return 0
      }
      least = slack
      gaveUp = false
      last = work.trees() + longest
      routeFrom(0, 0)
      if (least < slack) return gaveUp && least > epsilon ? Number.NaN : least
      return gaveUp ? Number.NaN : Number.POSITIVE_INFINITY
    },
  }
}
