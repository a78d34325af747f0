/**
 * The search that leaves nothing out: nodes are placed one after the other, and the links to what is placed are routed at once;
 * what cannot go on goes back. It balances or packs hosts where nodes share them, and proves where there is no mapping.
 */
import { hasRoom } from './constraints.ts'
import { type Decision, type levelsOf, rankHosts, type Spread } from './order.ts'
import { copyFree, type LinkDemand, type NodeDemand, type Problem, routeOf, take, takeRates } from './problem.ts'
import { allows } from './relations.ts'
import { type Arcs, allPaths, findPath, holds } from './route.ts'
import type { Failure, Solution } from './search.ts'

export interface Attempt {
  readonly order: readonly number[]
  readonly spread: Spread
  readonly steps: number
  /** Tries other paths than the shortest too. */
  readonly thorough?: boolean
}

export interface Run extends Attempt {
  readonly decisions: readonly Decision[]
  readonly candidates: readonly (readonly number[])[]
  readonly links: readonly (readonly number[])[]
  readonly levels: ReturnType<typeof levelsOf>
}

/** How many other paths a thorough attempt tries for one link before it goes back. */
const otherPaths = 64

/** Depth first over the decisions, with the alternatives of each held open. */
export const run = (problem: Problem, run: Run, deadlineMs: number): Solution | Failure => {
  const { decisions, thorough = false } = run
  const free = copyFree(problem.free)
  const hosts = new Int32Array(problem.nodes.length).fill(-1)
  const paths: Arcs[] = problem.links.map(() => [])
  // Whether possibilities were left out, so that failing proves nothing.
  let partial = false

  const hostsFor = (node: number): Iterator<number> => {
    const demand = problem.nodes[node] as NodeDemand
    const open = (run.candidates[node] ?? []).filter(
      (host) => hasRoom(free, demand, host) && allows(problem, hosts, node, host),
    )
    return rankHosts(problem, { free, hosts }, open, node, run.links[node] ?? [], run.levels, run.spread).values()
  }
  function* pathsFor(link: LinkDemand): Generator<Arcs> {
    const [from, to] = [hosts[link.a] as number, hosts[link.b] as number]
    if (from === to) return yield []
    const route = routeOf(problem, link, from, to)
    if (!route) return
    const before = link.before && holds(problem.topology, free.rates, route, link.before) ? link.before : undefined
    if (before) yield before
    const shortest = before ?? findPath(problem.topology, free.rates, route)
    if (!shortest) return
    if (!before) yield shortest
    if (!thorough) {
      partial = true
      return
    }
    let count = 0
    for (const path of allPaths(problem.topology, free.rates, route)) {
      if (same(path, shortest)) continue
      if (++count > otherPaths) {
        partial = true
        return
      }
      yield path
    }
  }

  const decide = (decision: Decision, choice: number | Arcs, sign: 1 | -1): void => {
    if ('node' in decision) {
      take(free, problem.nodes[decision.node] as NodeDemand, choice as number, sign)
      hosts[decision.node] = sign === 1 ? (choice as number) : -1
    } else {
      takeRates(free, problem.links[decision.link] as LinkDemand, choice as Arcs, sign)
      paths[decision.link] = choice as Arcs
    }
  }
  const alternatives = (decision: Decision): Iterator<number | Arcs> =>
    'node' in decision ? hostsFor(decision.node) : pathsFor(problem.links[decision.link] as LinkDemand)

  // Of each decision taken and of the next one: what else could be chosen.
  const tried: Iterator<number | Arcs>[] = []
  const chosen: (number | Arcs)[] = []
  for (let steps = 0; chosen.length < decisions.length; steps++) {
    if (steps >= run.steps || (steps % 256 === 255 && outOfTime(deadlineMs))) return { found: false, proven: false }
    const depth = chosen.length
    const decision = decisions[depth] as Decision
    if (tried.length === depth) tried.push(alternatives(decision))
    const next = (tried[depth] as Iterator<number | Arcs>).next()
    if (!next.done) {
      decide(decision, next.value, 1)
      chosen.push(next.value)
      continue
    }
    tried.pop()
    const last = chosen.pop()
    if (last === undefined) return { found: false, proven: !partial }
    decide(decisions[depth - 1] as Decision, last, -1)
  }
  return { found: true, hosts, paths }
}

const outOfTime = (deadlineMs: number): boolean => Number.isFinite(deadlineMs) && performance.now() > deadlineMs

const same = (x: Arcs, y: Arcs): boolean => x.length === y.length && x.every((arc, i) => arc === y[i])
