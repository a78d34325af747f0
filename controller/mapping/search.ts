/**
 * The search for a mapping: the cheapest that the core (core/solve.ts) finds within its budget where hosts are all different or
 * are to be shared by linked nodes; and the search that leaves nothing out (thorough.ts) where nodes share hosts evenly, and
 * where nothing was found. Pure and deterministic, as long as no clock ends it.
 */
import { candidatesOf } from './constraints.ts'
import { solve } from './core/solve.ts'
import { decisionsOf, levelsOf, linksByNode, nodeOrder, type Spread } from './order.ts'
import type { Problem } from './problem.ts'
import type { Arcs } from './route.ts'
import { solutionOf, taskOf } from './task-of.ts'
import { type Attempt, run } from './thorough.ts'
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
  /** True where every possibility was tried: there is no embedding. */
  readonly proven: boolean
}

export interface Budget {
  /** Work of the search for the cheapest, in shortest-path trees of the substrate. */
  readonly trees: number
  /** Choices that the last, thorough attempt may make. */
  readonly steps: number
  /** Of the clock that performance.now() reads; Infinity: none. */
  readonly deadlineMs: number
}

/** Roots that quick attempts start from. */
const roots = 4

export const search = (problem: Problem, budget: Budget): Solution | Failure => {
  const { nodes } = problem
  const candidates = candidatesOf(problem)
  if (candidates.some(({ length }) => length === 0) || resourceKinds.some((kind) => isShort(problem, kind)))
    return { found: false, proven: true }
  const cheapest = findCheapest(problem, candidates, budget)
  if (cheapest) return cheapest
  const links = linksByNode(problem)
  const order = (root: number | undefined) => nodeOrder(problem, candidates, links, root)
  const bySize = order(undefined)
  const [first, other]: readonly [Spread, Spread] =
    problem.placement === 'packed' ? ['pack', 'balance'] : ['balance', 'pack']
  const quickSteps = 500 + 4 * (nodes.length + problem.links.length)
  const attempts: readonly Attempt[] = [
    ...bySize.slice(0, roots).map((root): Attempt => ({ order: order(root), spread: first, steps: quickSteps })),
    { order: bySize, spread: first, steps: quickSteps },
    { order: bySize, spread: other, steps: quickSteps },
    { order: order(bySize[0]), spread: other, steps: quickSteps },
    { order: order(bySize[0]), spread: first, steps: budget.steps, thorough: true },
  ]
  const levels = levelsOf(problem, candidates)
  for (const attempt of attempts) {
    const decisions = decisionsOf(problem, attempt.order, links)
    const result = run(problem, { ...attempt, decisions, candidates, links, levels }, budget.deadlineMs)
    if (result.found || result.proven) return result
  }
  return { found: false, proven: false }
}

/** With hosts all different where they may be, and as few of them as there can be where linked nodes are wanted together. */
const findCheapest = (
  problem: Problem,
  candidates: readonly (readonly number[])[],
  { trees, deadlineMs }: Budget,
): Solution | undefined => {
  const count = problem.nodes.length
  const isPacked = problem.placement === 'packed'
  if (count === 0 || trees <= 0 || (!isPacked && new Set(candidates.flat()).size < problem.groups.length))
    return undefined
  const task = taskOf(problem, candidates, isPacked ? count : 1)
  const outcome = solve(task, {
    trees,
    ...(Number.isFinite(deadlineMs) && { now: () => performance.now(), deadlineMs }),
  })
  return outcome.found ? solutionOf(problem, outcome) : undefined
}
