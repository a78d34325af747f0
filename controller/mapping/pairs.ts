/**
 * Where the two nodes of a link could be, the other nodes and links left aside.
 */
import { suits } from './constraints.ts'
import { type LinkDemand, type NodeDemand, type Problem, routeOf } from './problem.ts'
import { findPath } from './route.ts'
import type { TechnologyRule } from './technology.ts'

/** Hosts that suit the two nodes of a link: first those where both have room, then all pairs of different ones. */
export function* pairsOf(problem: Problem, link: LinkDemand): Generator<readonly [number, number]> {
  const [a, b] = [problem.nodes[link.a] as NodeDemand, problem.nodes[link.b] as NodeDemand]
  const { hosts } = problem.topology
  const forA = hosts.filter((host) => suits(problem, a, host))
  const forB = hosts.filter((host) => suits(problem, b, host))
  const both: NodeDemand = {
    ...a,
    cpuMillis: a.cpuMillis + b.cpuMillis,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    diskBytes: a.diskBytes + b.diskBytes,
    dedicated: a.dedicated + b.dedicated,
  }
  for (const host of forA)
    if (link.a === link.b || (forB.includes(host) && suits(problem, both, host))) yield [host, host]
  for (const from of forA) for (const to of forB) if (from !== to) yield [from, to]
}

/** At most so many pairs of hosts are looked at for one link. */
export const pairsTried = 1_000

/** Whether on some pair of hosts a path carries the link; also true where there are too many pairs to tell. */
export const isJoinable = (problem: Problem, link: LinkDemand): boolean =>
  link.pathless || isJoinableOver(problem, link, pairsOf(problem, link))

/**
 * The same of two different hosts.
 * @param waived a rule of the link's technology that is not looked at
 */
export const isJoinableApart = (problem: Problem, link: LinkDemand, waived?: TechnologyRule): boolean =>
  isJoinableOver(problem, link, differentOf(pairsOf(problem, link)), waived)

function* differentOf(pairs: Iterable<readonly [number, number]>): Generator<readonly [number, number]> {
  for (const pair of pairs) if (pair[0] !== pair[1]) yield pair
}

const isJoinableOver = (
  problem: Problem,
  link: LinkDemand,
  pairs: Iterable<readonly [number, number]>,
  waived?: TechnologyRule,
): boolean => {
  let left = pairsTried
  for (const [from, to] of pairs) {
    if (from === to || left-- === 0) return true
    const route = routeOf(problem, link, from, to, waived)
    if (route && findPath(problem.topology, problem.free.rates, route)) return true
  }
  return false
}
