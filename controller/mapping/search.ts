/**
 * The search for a mapping: what the core (core/solve.ts) finds with the hosts that the request's placement leaves it. Pure and
 * deterministic, as long as no clock ends it.
 */
import { candidatesOf } from './constraints.ts'
import { decide } from './core/decide.ts'
import type { Task } from './core/task.ts'
import { evenLimitOf, type Limit, limited } from './even.ts'
import type { Problem } from './problem.ts'
import type { Arcs } from './route.ts'
import { capacitiesOf, loadsOf, solutionOf, taskOf } from './task-of.ts'
import { isShort, resourceKinds } from './totals.ts'

export interface Solution {
  readonly found: true
  /** Host by node. */
  readonly hosts: Int32Array
  /** Path by link; of a link within a host, or that needs none, no arcs. */
  readonly paths: readonly Arcs[]
}

export interface Failure {
  readonly found: false
  /** True where it is proven that there is no embedding. */
  readonly proven: boolean
}

export interface Budget {
  /** Work of each search for the cheapest, in shortest-path trees of the substrate. */
  readonly trees: number
  /** Steps of the search that leaves nothing out, where nothing was found (core/decide.ts). */
  readonly steps: number
  /** Of the clock that performance.now() reads; Infinity: none. */
  readonly deadlineMs: number
}

/** Maps the task of a problem, or one with less to choose from. */
type Find = (task: Task, steps?: number) => Solution | Failure
type Placing = (problem: Problem, task: Task, find: Find, steps: number) => Solution | Failure

export const search = (problem: Problem, budget: Budget): Solution | Failure =>
  searchBy(problem, budget, problem.placement === 'spread' ? spread : place)

/** The same, with no regard to how evenly nodes are spread: whether there is any mapping. */
export const searchAny = (problem: Problem, budget: Budget): Solution | Failure => searchBy(problem, budget, place)

const searchBy = (problem: Problem, { trees, steps, deadlineMs }: Budget, placing: Placing): Solution | Failure => {
  const candidates = candidatesOf(problem)
  if (candidates.some(({ length }) => length === 0) || resourceKinds.some((kind) => isShort(problem, kind)))
    return { found: false, proven: true }
  if (problem.nodes.length === 0) return { found: true, hosts: new Int32Array(), paths: [] }
  const clock = Number.isFinite(deadlineMs) && { now: () => performance.now(), deadlineMs }
  const find: Find = (task, lastSteps = 0) => {
    const outcome = decide(task, { trees, ...clock }, lastSteps)
    return outcome.found ? solutionOf(problem, outcome) : outcome
  }
  return placing(problem, taskOf(problem, candidates), find, steps)
}

const place: Placing = (problem, task, find, steps) =>
  find(problem.placement === 'distinct' ? { ...task, perHost: 1 } : withStart(task, evenOf(problem, task)), steps)

const evenOf = (problem: Problem, task: Task): Limit | undefined =>
  evenLimitOf(task, capacitiesOf(problem), loadsOf(problem))

const withStart = (task: Task, even: Limit | undefined): Task => (even?.start ? { ...task, start: even.start } : task)

/** So often the way between a limit with which nothing is found and a looser one is halved. */
const halvings = 3

/** On hosts all different; else evenly; else as evenly as something is found. */
const spread: Placing = (problem, task, find, steps) => {
  const hosts = new Set(task.nodes.flatMap((node) => [...node.hosts]))
  const apart = hosts.size >= task.nodes.length ? find({ ...task, perHost: 1 }) : undefined
  if (apart?.found) return apart
  const even = evenOf(problem, task)
  const tight: Limit = even && even.perHost > 1 ? even : { ...even, perHost: 2, room: [] }
  const first = find(limited(task, tight, 0))
  if (first.found) return first
  let best = find(withStart(task, even), steps)
  if (!best.found) return best
  let [low, high] = [0, 1]
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2
    const next = find(limited(task, tight, middle))
    if (next.found) {
      best = next
      high = middle
    } else low = middle
  }
  return best
}
