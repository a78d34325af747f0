/**
 * One path for one link of a task: of those with the fewest hops that have its rates free the widest, so that the narrow stay for
 * what fits them.
 */
import { findPath, holds } from '../route.ts'
import { type Row, unreached } from './reach.ts'
import type { Task, TaskLink } from './task.ts'
import type { Work } from './work.ts'

export interface Paths {
  /**
   * From a host on the side of a (0) or b (1) to a host on the other side, over what is free in `rates`; undefined where there
   * is none of at most `extra` more hops than the least (any). `row` are the hops to there from every node, or less.
   */
  readonly find: (
    link: TaskLink,
    side: 0 | 1,
    from: number,
    to: number,
    row: Row,
    extra?: number,
  ) => number[] | undefined
}

/** More hops than the distance promised, which are allowed in turn: the closer, the fewer nodes are looked at. */
const detours = [0, 2, unreached]

export const pathsOf = (task: Task, rates: Float64Array, work: Work): Paths => {
  const { net } = task
  const { first, arcs, head, size } = net
  // Hops and width are good where the stamp is that of the search.
  const stamp = new Int32Array(size)
  const hops = new Int32Array(size)
  const width = new Float64Array(size)
  const via = new Int32Array(size)
  const queue = new Int32Array(size)
  let search = 0

  /** Breadth first over nodes from which the rest is not too long. */
  const widest = (link: TaskLink, side: 0 | 1, from: number, to: number, row: Row, most: number) => {
    const { passable, usable } = link
    const [out, back] = side === 0 ? [link.forward, link.backward] : [link.backward, link.forward]
    const least = out === 0 ? Number.NEGATIVE_INFINITY : out
    const leastBack = back === 0 ? Number.NEGATIVE_INFINITY : back
    search++
    stamp[from] = search
    hops[from] = 0
    width[from] = Number.POSITIVE_INFINITY
    queue[0] = from
    let [end, steps, reached] = [1, 0, -1]
    for (let begin = 0; begin < end; begin++) {
      const node = queue[begin] as number
      const level = (hops[node] as number) + 1
      if (reached >= 0 && level > reached) break
      if (begin > 0 && passable && !passable[node]) continue
      const last = first[node + 1] as number
      const own = width[node] as number
      steps += last - (first[node] as number) + 1
      for (let i = first[node] as number; i < last; i++) {
        const arc = arcs[i] as number
        const next = head[arc] as number
        const rest = row[next] as number
        if (rest === unreached ? !(next === to) : level + rest > most) continue
        const isKnown = stamp[next] === search
        if (isKnown && (hops[next] as number) < level) continue
        const [free, freeBack] = [rates[arc] as number, rates[arc ^ 1] as number]
        if (free < least || freeBack < leastBack || (usable && !usable[arc >> 1])) continue
        const wide = Math.min(own, free - out, freeBack - back)
        if (!isKnown) {
          stamp[next] = search
          hops[next] = level
          queue[end++] = next
          if (next === to) reached = level
        } else if (wide <= (width[next] as number)) continue
        width[next] = wide
        via[next] = arc
      }
    }
    work.add(40 + (steps >> 1))
    if (reached < 0) return undefined
    const path = new Array<number>(reached)
    for (let i = reached - 1, node = to; i >= 0; i--) {
      const arc = via[node] as number
      path[i] = arc
      node = head[arc ^ 1] as number
    }
    return path
  }

  const all = { passable: new Uint8Array(size).fill(1), usable: new Uint8Array(net.delay.length).fill(1) }
  const quick = (link: TaskLink, side: 0 | 1, from: number, to: number): number[] | undefined => {
    work.add(size + head.length)
    const { passable = all.passable, usable = all.usable, delay } = link
    const [forward, backward] = side === 0 ? [link.forward, link.backward] : [link.backward, link.forward]
    return findPath(net, rates, { from, to, forward, backward, passable, usable, delay })?.slice()
  }

  /** Whether any arc that leaves the host has both rates free: most often that is what lacks. */
  const isOpen = (host: number, out: number, back: number): boolean => {
    for (let i = first[host] as number; i < (first[host + 1] as number); i++) {
      const arc = arcs[i] as number
      if ((out === 0 || (rates[arc] as number) >= out) && (back === 0 || (rates[arc ^ 1] as number) >= back))
        return true
    }
    return false
  }

  /** The path before, where it is one between these hosts and still holds. */
  const keep = (link: TaskLink, side: 0 | 1, from: number, to: number): number[] | undefined => {
    const { forward, backward, delay, before = [], passable = all.passable, usable = all.usable } = link
    const [a, b] = side === 0 ? [from, to] : [to, from]
    if (!holds(net, rates, { from: a, to: b, forward, backward, delay, passable, usable }, before)) return undefined
    return side === 0 ? before.slice() : before.map((arc) => arc ^ 1).reverse()
  }

  return {
    find: (link, side, from, to, row, extra = unreached) => {
      if (from === to) return []
      const least = row[from] as number
      if (least === unreached) return undefined
      const before = link.before && keep(link, side, from, to)
      if (before) return before
      if (Number.isFinite(link.delay)) return quick(link, side, from, to)
      const [out, back] = side === 0 ? [link.forward, link.backward] : [link.backward, link.forward]
      if (!isOpen(from, out, back) || !isOpen(to, back, out)) return undefined
      let last = -1
      for (const detour of detours) {
        if (last >= extra) break
        last = detour
        const path = widest(link, side, from, to, row, least + Math.min(detour, extra))
        if (path) return path
      }
      return undefined
    },
  }
}

/** Takes (sign 1) or gives back (sign -1) a link's rates along a path. */
export const takePath = (
  rates: Float64Array,
  { forward, backward }: TaskLink,
  path: readonly number[],
  sign: 1 | -1,
) => {
  for (const arc of path) {
    rates[arc] = (rates[arc] as number) - sign * forward
    rates[arc ^ 1] = (rates[arc ^ 1] as number) - sign * backward
  }
}
