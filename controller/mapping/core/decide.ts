/**
 * Whether there is a mapping of a task at all: the cheapest that is found (solve.ts); where none is, what a search that leaves nothing out
 * finds or proves (exact.ts); and where its steps do not last for that, what is found in as many.
 */
import { prove } from './exact.ts'
import { modelOf } from './model.ts'
import { reachOf } from './reach.ts'
import { solve } from './solve.ts'
import type { Budget, Found, Task } from './task.ts'
import { workOf } from './work.ts'

export interface Undecided {
  readonly found: false
  /** True where it is proven that there is no mapping. */
  readonly proven: boolean
}

/** @param steps of what is done where nothing was found (work.ts): no trees, of which a small net has many in no time. 0: nothing. */
export const decide = (task: Task, budget: Budget, steps: number): Found | Undecided => {
  const outcome = solve(task, budget)
  if (outcome.found || steps === 0) return outcome.found ? outcome : { found: false, proven: false }
  const more = { ...budget, trees: steps / (task.net.size + task.net.head.length) }
  const decided = decideWholly(task, more)
  if (decided.found || decided.proven || more.trees <= budget.trees) return decided
  const last = solve(task, more)
  return last.found ? last : decided
}

/** Most entries of the lists that such a search keeps (exact-tree.ts): twelve bytes each. */
const mostEntries = 1_000_000

const decideWholly = (task: Task, budget: Budget): Found | Undecided => {
  const model = modelOf(task)
  const widest = model.candidates.reduce((most, { length }) => Math.max(most, length), 0)
  if (model.candidates.some(({ length }) => length === 0)) return { found: false, proven: true }
  if (task.nodes.length ** 2 * widest > mostEntries) return { found: false, proven: false }
  const work = workOf(task.net, budget)
  const reach = reachOf(task, work)
  try {
    const { mapping, bound } = prove(model, reach, undefined, work)
    return mapping
      ? { found: true, ...mapping, bound, trees: work.trees() }
      : { found: false, proven: bound === Number.POSITIVE_INFINITY }
  } finally {
    reach.release()
  }
}
