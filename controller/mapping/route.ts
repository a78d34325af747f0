/**
 * Paths over the substrate for one virtual link, as arcs (topology.ts) from the host of end a to the host of end b.
 */
import type { Topology } from './topology.ts'

export type Arcs = readonly number[]

export interface Route {
  readonly from: number
  readonly to: number
  /** Bits per second from `from` to `to`, and back. */
  readonly forward: number
  readonly backward: number
  /** Greatest delay in microseconds; Infinity: any. */
  readonly delay: number
  /** By node: 1 where a path may lead through it. The two ends need not be. */
  readonly passable: Uint8Array
  /** By link: 1 where a path may lead over it. */
  readonly usable: Uint8Array
}

/** Bits per second that are free, by arc. */
export type FreeRates = Float64Array

/** What asks for nothing is carried also where more was promised than there is (a capacity that was lowered). */
const carries = (free: FreeRates, arc: number, { forward, backward, usable }: Route): boolean =>
  usable[arc >> 1] === 1 &&
  (forward === 0 || (free[arc] as number) >= forward) &&
  (backward === 0 || (free[arc ^ 1] as number) >= backward)

/** Delay of a path in microseconds. */
export const delayOf = (topology: Pick<Topology, 'delay'>, arcs: Arcs): number =>
  arcs.reduce((sum, arc) => sum + (topology.delay[arc >> 1] as number), 0)

/** Whether a path given is a way for the route, and simple. */
export const holds = (
  topology: Pick<Topology, 'head' | 'delay'>,
  free: FreeRates,
  route: Route,
  arcs: Arcs,
): boolean => {
  let node = route.from
  const seen = new Set([node])
  for (const [index, arc] of arcs.entries()) {
    if (topology.head[arc ^ 1] !== node || !carries(free, arc, route)) return false
    node = topology.head[arc] as number
    if (seen.has(node) || (index < arcs.length - 1 && !route.passable[node])) return false
    seen.add(node)
  }
  return node === route.to && delayOf(topology, arcs) <= route.delay
}

/**
 * The path with the fewest links, and of those the one with the least delay; with `least` "delay" the other way round.
 * undefined where no path has the rates free and keeps the delay: exact.
 *
 * Labels (node, delay) are grown by one link at a time and kept only where they are quicker than every label with fewer
 * links; so a node is reached again only by a quicker way, and no path crosses itself.
 */
export const findPath = (
  topology: Pick<Topology, 'first' | 'arcs' | 'head' | 'delay'>,
  free: FreeRates,
  route: Route,
  least: 'links' | 'delay' = 'links',
): Arcs | undefined => {
  if (route.from === route.to) return []
  const { first, arcs, head, delay } = topology
  const nodeOf = [route.from]
  const arcOf = [-1]
  const parentOf = [-1]
  const delayTo = [0]
  const size = first.length - 1
  const quickest = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
  quickest[route.from] = 0
  const latest = new Int32Array(size).fill(-1)
  let reached = -1
  for (let begin = 0, end = 1; begin < end && (reached < 0 || least === 'delay'); begin = end, end = nodeOf.length)
    for (let label = begin; label < end; label++) {
      const node = nodeOf[label] as number
      if (node === route.to || (label > 0 && !route.passable[node])) continue
      for (let i = first[node] as number; i < (first[node + 1] as number); i++) {
        const arc = arcs[i] as number
        const next = head[arc] as number
        const total = (delayTo[label] as number) + (delay[arc >> 1] as number)
        if (total >= (quickest[next] as number) || total > route.delay || !carries(free, arc, route)) continue
        quickest[next] = total
        // A slower way of as many links has no successors yet, and gives way.
        const same = latest[next] as number
        const index = same >= end ? same : nodeOf.length
        latest[next] = index
        nodeOf[index] = next
        arcOf[index] = arc
        parentOf[index] = label
        delayTo[index] = total
        if (next === route.to) reached = index
      }
    }
  if (reached < 0) return undefined
  const path: number[] = []
  for (let label = reached; label > 0; label = parentOf[label] as number) path.push(arcOf[label] as number)
  return path.reverse()
}
